//! `goldencall model`: fetching the speech models, with a bar on a terminal and a line otherwise.

use indicatif::{ProgressBar, ProgressStyle};

use super::args::ModelAction;
use super::context::Context;
use super::exit::{CliError, Exit};
use super::output::{say, warn};
use crate::speech::store::{FetchProgress, FetchStage, ModelFiles, ModelId, ModelState};

pub(super) fn model(action: &ModelAction, context: &Context) -> Result<Exit, CliError> {
    let store = context.store();
    match action {
        ModelAction::Path => say(&store.dir().display().to_string())?,
        ModelAction::Pull => {
            for model in ModelId::ALL {
                let files = ensure(model, context)?;
                say(&format!("{}  {}", model.name(), files.folder().display()))?;
            }
        }
        ModelAction::List => {
            for status in store.list() {
                let state = match status.state {
                    ModelState::Installed => "installed",
                    ModelState::Missing => "missing",
                    ModelState::Damaged => "damaged",
                };
                let megabytes = status.size as f64 / 1e6;
                say(&format!(
                    "{:<20} {state:<10} {megabytes:>7.1} MB  {}  {}",
                    status.model.name(),
                    status.model.purpose(),
                    status.path.display()
                ))?;
            }
        }
    }
    Ok(Exit::Passed)
}

/// The model's files, fetched first where they are missing.
pub(super) fn ensure(model: ModelId, context: &Context) -> Result<ModelFiles, CliError> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {elapsed}") {
        bar.set_style(style);
    }
    let mut announced = false;
    let mut show = |progress: FetchProgress| {
        let doing = match progress.stage {
            FetchStage::Download => "fetching",
            FetchStage::Install => "installing",
        };
        if !announced && !context.style.live {
            warn(&format!("{doing} the speech model {} ({:.0} MB, once)", model.name(), model.download_size() as f64 / 1e6));
        }
        announced = true;
        bar.set_message(format!("{doing} {}", model.name()));
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    };
    let files = context.store().ensure(model, &mut show).map_err(CliError::setup);
    bar.finish_and_clear();
    files
}
