//! `goldencall bot`: the sample bot until Ctrl-C.

use std::io::Write;

use tokio::runtime::Runtime;

use super::args::BotArgs;
use super::exit::{CliError, Exit};
use crate::bot::{Bot, BotOptions, Library};
use crate::scenario::{BotAccess, BotTarget, Fault, Secret};

pub(super) fn bot(args: &BotArgs) -> Result<Exit, CliError> {
    let library = Library::load(args.script.as_deref()).map_err(CliError::usage)?;
    let fault = args.fault.as_deref().map(Fault::parse).transpose().map_err(CliError::usage)?;
    let names: Vec<String> = library.names().map(str::to_owned).collect();
    let runtime = Runtime::new().map_err(CliError::setup)?;
    runtime.block_on(async {
        let auth_token = args.auth_token.clone().map(Secret::new);
        let options = BotOptions { address: args.listen, web: args.web, audiosocket: args.audiosocket, library, fault, auth_token };
        let bot = Bot::start(options).await.map_err(CliError::setup)?;
        let sip: String = names.iter().map(|name| format!("sip:{name}@{}\n", bot.address)).collect();
        let others = BotAccess::all().into_iter().filter(|access| *access != BotAccess::Sip);
        let others: String = others.map(|over| format!("{}\n", bot.target(&BotTarget { over, ..BotTarget::default() }).label())).collect();
        let lines = sip + &others;
        // Whoever started the bot may read the first line only.
        let _closed = std::io::stdout().write_all(lines.as_bytes());
        tokio::signal::ctrl_c().await.map_err(CliError::setup)?;
        Ok(Exit::Passed)
    })
}
