//! Log lines on stderr, for whoever asks with `-v`, `-vv` or `IAMLAB_LOG`. The SDK's and the emulator's own lines
//! stay off unless they are named: they may quote requests.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::env;

/// Starts logging: nothing by default, `-v` what is done, `-vv` every request.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "iamlab=info",
        _ => "iamlab=debug",
    };
    let filter = env::get(env::LOG).unwrap_or_else(|| level.to_owned());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(level)))
        .with_writer(io::stderr)
        .with_ansi(false)
        .without_time()
        .finish();
    // Fails only when a subscriber is set already, as in tests.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
