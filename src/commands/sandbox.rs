//! `iamlab sandbox`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::SANDBOX_ACCOUNT;
use crate::clock::Clock;
use crate::env;
use crate::error::{Error, ErrorKind, Exit};
use crate::sandbox::server::Server;
use crate::sandbox::{Options, Sandbox};
use crate::ui::Ui;

/// Look after the embedded accounts
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve an account over HTTP on this machine, for the AWS CLI, boto3, Terraform
    Serve(ServeArgs),
    /// List the accounts of a sandbox folder
    List(ListArgs),
    /// Throw an account away
    Reset(ResetArgs),
}

/// Where the accounts are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct Place {
    /// Where the sandbox keeps its accounts
    #[arg(long, value_name = "DIR", env = env::SANDBOX_DIR, default_value = ".iamlab/sandbox")]
    sandbox_dir: PathBuf,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people and shells.
    #[default]
    Text,
    /// For programs; versioned.
    Json,
}

/// Serve an account over HTTP on this machine, for the AWS CLI, boto3, Terraform
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox serve --port 4567 &\n  \
                        export AWS_ENDPOINT_URL=http://127.0.0.1:4567 …   (as printed)\n  aws iam list-users")]
pub struct ServeArgs {
    /// Port of the loopback interface; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Which account
    #[arg(long, value_name = "ID", env = env::ACCOUNT, default_value = SANDBOX_ACCOUNT)]
    account: String,
    /// Region of requests that name none
    #[arg(long, value_name = "NAME", default_value = "us-east-1")]
    region: String,
    /// Form of the first line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// List the accounts of a sandbox folder
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox list --format json")]
pub struct ListArgs {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// Throw an account away
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iamlab sandbox reset --account 123456789012")]
pub struct ResetArgs {
    /// Which account
    #[arg(long, value_name = "ID", env = env::ACCOUNT, default_value = SANDBOX_ACCOUNT)]
    account: String,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(ui: &Ui, command: SandboxCommand) -> Result<Exit, Error> {
    match command {
        SandboxCommand::Serve(args) => serve(ui, args).await,
        SandboxCommand::List(args) => list(ui, &args),
        SandboxCommand::Reset(args) => reset(ui, &args),
    }
}

async fn serve(ui: &Ui, args: ServeArgs) -> Result<Exit, Error> {
    let ServeArgs { port, account, region, format, place } = args;
    let options = Options { dir: Some(place.sandbox_dir), account: account.clone(), clock: Clock::System };
    let sandbox = Sandbox::open(options)?;
    let credentials = sandbox.credentials();
    let (id, secret) = (credentials.access_key_id(), credentials.secret_access_key());
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Input, format!("port {port} cannot be served"))
            .caused_by(error)
            .hinted("choose another `--port`, or 0 for a free one")
    };
    // The key is there before anybody is told of it: a client may be quicker than the first change.
    sandbox.flush()?;
    let server = Server::bind(sandbox.clone(), port).await.map_err(failed)?;
    let url = server.url().map_err(failed)?;
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

fn list(ui: &Ui, args: &ListArgs) -> Result<Exit, Error> {
    let accounts = Sandbox::accounts(&args.place.sandbox_dir)?;
    match args.format {
        Format::Json => ui.data(&json!({"format_version": 1, "accounts": accounts}).to_string()),
        Format::Text => accounts.iter().for_each(|account| ui.data(account)),
    }
    Ok(Exit::Ok)
}

fn reset(ui: &Ui, args: &ResetArgs) -> Result<Exit, Error> {
    let was_there = Sandbox::reset(&args.place.sandbox_dir, &args.account)?;
    match args.format {
        Format::Json => {
            ui.data(&json!({"format_version": 1, "account": args.account, "removed": was_there}).to_string());
        }
        Format::Text if was_there => ui.data(&format!("account {} is gone", args.account)),
        Format::Text => ui.data(&format!("there was no account {}", args.account)),
    }
    Ok(Exit::Ok)
}
