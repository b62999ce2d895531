//! `iamlab sandbox serve`

use clap::Args;
use serde_json::json;

use super::{Format, Home};
use crate::error::{Error, ErrorKind, Exit};
use crate::sandbox::Sandbox;
use crate::ui::Ui;

/// Serve the accounts over HTTP on this machine, for the AWS CLI, boto3, Terraform
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox serve --port 4567 &\n  \
                        export AWS_ENDPOINT_URL=http://127.0.0.1:4567 …   (as printed)\n  aws iam list-users\n\n\
                        Every account of the folder is served: the access key of a request tells which one is meant. \
                        Other iamlab commands that use the folder meanwhile go through the server.")]
pub struct ServeArgs {
    /// Port of the loopback interface; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Region of the environment that is printed
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    region: String,
    /// Form of the first line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    home: Home,
}

pub(super) async fn run(ui: &Ui, args: ServeArgs) -> Result<Exit, Error> {
    let ServeArgs { port, region, format, home } = args;
    let account = &home.account;
    let sandbox = Sandbox::open(home.place.options(account))?;
    let credentials = sandbox.credentials();
    let (id, secret) = (credentials.access_key_id(), credentials.secret_access_key());
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Input, format!("port {port} cannot be served"))
            .caused_by(error)
            .hinted("choose another `--port`, or 0 for a free one")
    };
    // The key is there before anybody is told of it: a client may be quicker than the first change.
    sandbox.flush()?;
    let server = sandbox.bind(port).await.map_err(failed)?;
    let url = server.url().map_err(failed)?;
    server.announce()?;
    // The administrator's key of a pretended account opens nothing else; handing it out is what this is for.
    ui.data(&match format {
        Format::Json => json!({
            "format_version": 1, "endpoint_url": url, "account": account, "region": region,
            "access_key_id": id, "secret_access_key": secret,
        })
        .to_string(),
        Format::Text => format!(
            "export AWS_ENDPOINT_URL={url}\nexport AWS_ACCESS_KEY_ID={id}\nexport AWS_SECRET_ACCESS_KEY={secret}\n\
             export AWS_REGION={region} AWS_DEFAULT_REGION={region}"
        ),
    });
    ui.status(&format!("account {account} is served at {url} until Ctrl-C"));
    let stop = async {
        // Whether the signal came or cannot be listened for: it is time to stop.
        let _ = tokio::signal::ctrl_c().await;
    };
    server.serve(stop).await.map_err(failed)?;
    sandbox.flush()?;
    Ok(Exit::Ok)
}
