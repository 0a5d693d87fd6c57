//! The command line: what a person types, and what they read.
//!
//! Results go to standard output, logs and errors to standard error. A failure says what happened and what to do,
//! and ends with status 1; a command line that can't be understood ends with 2.

mod check;
mod database;
mod dev;
mod environment;
mod health;
mod mapping;
mod openapi;
mod providers;
mod sandbox;
pub mod serve;
mod shutdown;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::config::{ConfigError, Settings};
use crate::error::Error;
use crate::mapping::expression::STACK;
use crate::store::cluster::ClusterError;
use crate::{config, telemetry};

/// One REST interface to every CRM that your customers use.
#[derive(Parser)]
#[command(
    name = "unicrm",
    version,
    about,
    after_help = "Settings are environment variables; `unicrm settings` lists them."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try it: an embedded database, sandbox CRMs with data, connected accounts, a token, and lines to paste
    Dev,
    /// Run the gateway, on DATABASE_URL or on an embedded database
    Serve {
        /// Bring the database's schema up to date first (an embedded one always is)
        #[arg(long)]
        migrate: bool,
    },
    /// Bring the database's schema up to date
    Migrate,
    /// API tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Environments
    #[command(subcommand)]
    Environment(EnvironmentCommand),
    /// Name every problem of a mappings folder, with file and line
    Check {
        /// The folder; without it UNICRM_MAPPINGS_DIR, or the mappings in this binary
        folder: Option<PathBuf>,
    },
    /// Print the OpenAPI document of the gateway
    Openapi {
        /// The mappings folder; without it UNICRM_MAPPINGS_DIR, or the mappings in this binary
        folder: Option<PathBuf>,
    },
    /// Print what each provider serves, as Markdown tables
    Providers {
        /// The mappings folder; without it UNICRM_MAPPINGS_DIR, or the mappings in this binary
        folder: Option<PathBuf>,
    },
    /// Try out mappings
    #[command(subcommand)]
    Mapping(MappingCommand),
    /// Run the sandbox CRMs alone
    Sandbox {
        /// Where the sandbox Capsule listens
        #[arg(long, default_value = "127.0.0.1:9101")]
        capsule: std::net::SocketAddr,
        /// Where the sandbox Nimble listens
        #[arg(long, default_value = "127.0.0.1:9102")]
        nimble: std::net::SocketAddr,
        /// Where the sandbox Nutshell listens
        #[arg(long, default_value = "127.0.0.1:9103")]
        nutshell: std::net::SocketAddr,
    },
    /// Ask the gateway that runs on this machine whether it lives
    Health {
        /// Ask whether it can be sent calls, which takes its database too
        #[arg(long)]
        ready: bool,
    },
    /// Print every setting with its meaning and default
    Settings,
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make an API token and print it, once
    Create {
        /// The environment that it reaches
        #[arg(long, default_value = "default")]
        environment: String,
        /// What it is for
        #[arg(long, default_value = "made on the command line")]
        name: String,
    },
}

#[derive(Subcommand)]
enum EnvironmentCommand {
    /// Make an environment with every provider switched on, and print its id
    Create {
        /// Its name
        name: String,
    },
}

#[derive(Subcommand)]
enum MappingCommand {
    /// Evaluate an expression, or a provider's mapping, over a JSON file
    Eval(EvalArgs),
}

/// What to evaluate: an expression, or one slot of a provider's mapping.
#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).args(["expression", "provider"]))]
pub struct EvalArgs {
    /// A JSON file; `-` reads standard input. For a mapping it is the vendor's answer or one record of it, or for
    /// a request slot the scope, such as {"body": …}
    pub input: PathBuf,
    /// An expression over the file
    #[arg(long, short)]
    pub expression: Option<String>,
    /// A provider, such as capsule; with --resource
    #[arg(long, requires = "resource")]
    pub provider: Option<String>,
    /// A unified resource, such as contacts, or user-directory/users
    #[arg(long, requires = "provider")]
    pub resource: Option<String>,
    /// Its method
    #[arg(long, default_value = "get")]
    pub method: String,
    /// Which slot of the mapping
    #[arg(long, default_value = "response", value_parser = ["response", "request", "query"])]
    pub slot: String,
    /// The mappings folder; without it UNICRM_MAPPINGS_DIR, or the mappings in this binary
    #[arg(long)]
    pub mappings: Option<PathBuf>,
}

/// Why a command failed, as its user reads it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    fn new(text: impl Into<String>) -> Self {
        Failure(text.into())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure(error.to_string())
    }
}

/// On the command line the reader is the operator, so the detail is theirs too.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.details() {
            Some(detail) => Failure(format!("{error}\n  {detail}")),
            None => Failure(error.to_string()),
        }
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Failure(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure(error.to_string())
    }
}

/// What a command comes to.
pub type Outcome = Result<(), Failure>;

/// Runs the command line.
pub fn main() -> ExitCode {
    let outcome = run(Cli::parse());
    telemetry::traces::finish();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("unicrm: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Outcome {
    if let Command::Settings = cli.command {
        print!("{}", config::DEFAULTS);
        return Ok(());
    }
    let settings = Settings::from_env()?;
    telemetry::start(&settings).map_err(Failure)?;
    for unknown in &settings.unknown {
        tracing::warn!("{unknown}");
    }
    match cli.command {
        Command::Check { folder } => return check::run(folder.as_deref(), &settings),
        Command::Openapi { folder } => return openapi::run(folder.as_deref(), &settings),
        Command::Providers { folder } => return providers::run(folder.as_deref(), &settings),
        Command::Mapping(MappingCommand::Eval(args)) => return mapping::eval(&args, &settings),
        _ => {}
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().thread_stack_size(2 * STACK).build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Dev => dev::run(settings).await,
            Command::Serve { migrate } => serve::run(settings, migrate).await,
            Command::Migrate => database::migrate(&settings).await,
            Command::Token(TokenCommand::Create { environment, name }) => {
                token::create(&settings, &environment, &name).await
            }
            Command::Environment(EnvironmentCommand::Create { name }) => {
                environment::create(&settings, &name).await
            }
            Command::Health { ready } => health::run(&settings, ready).await,
            Command::Sandbox { capsule, nimble, nutshell } => sandbox::run(capsule, nimble, nutshell).await,
            Command::Check { .. }
            | Command::Openapi { .. }
            | Command::Providers { .. }
            | Command::Mapping(_)
            | Command::Settings => Ok(()), // done above
        }
    })
}
