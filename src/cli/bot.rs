//! `goldencall bot`: the sample bot until Ctrl-C.

use tokio::runtime::Runtime;

use super::args::BotArgs;
use super::exit::{CliError, Exit};
use crate::bot::{Bot, BotOptions, Library};
use crate::scenario::Fault;

pub(super) fn bot(args: &BotArgs) -> Result<Exit, CliError> {
    let library = Library::load(args.script.as_deref()).map_err(CliError::usage)?;
    let fault = args.fault.as_deref().map(Fault::parse).transpose().map_err(CliError::usage)?;
    let names: Vec<String> = library.names().map(str::to_owned).collect();
    let runtime = Runtime::new().map_err(CliError::setup)?;
    runtime.block_on(async {
        let bot = Bot::start(BotOptions { address: args.listen, library, fault }).await.map_err(CliError::setup)?;
        for name in names {
            println!("sip:{name}@{}", bot.address);
        }
        tokio::signal::ctrl_c().await.map_err(CliError::setup)?;
        Ok(Exit::Passed)
    })
}
