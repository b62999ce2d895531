//! Log lines on stderr, for whoever asks with `-v`, `-vv` or `IAMLAB_LOG`: this program's own, and nobody else's.
//! The SDK's and the emulator's lines quote requests and answers, passwords and keys with them, so that no filter can
//! switch them on.

use std::io;

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::env;

/// Starts logging: nothing by default, `-v` what is done, `-vv` every request.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "iamlab=info",
        _ => "iamlab=debug",
    };
    let filter = env::get(env::LOG).unwrap_or_else(|| level.to_owned());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(level));
    let ours = filter_fn(|metadata| metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME")));
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).without_time();
    let subscriber = registry().with(lines).with(filter).with(ours);
    // Fails only when a subscriber is set already, as in tests.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
