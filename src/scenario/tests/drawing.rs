//! Mistakes as `miette` draws them, without colours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::scenario::{Config, Problems, Scenario, Secrets, Setting, Source, parse, parse_with};

pub fn source(path: impl Into<PathBuf>, text: &str) -> Arc<Source> {
    Arc::new(Source { path: path.into(), text: text.into() })
}

pub fn draw(problems: &Problems) -> String {
    draw_without(problems, &Secrets::default())
}

pub fn draw_without(problems: &Problems, secrets: &Secrets) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::none()).with_width(100);
    let mut text = String::new();
    for diagnostic in problems.diagnostics(secrets) {
        handler.render_report(&mut text, &diagnostic).expect("a string");
    }
    text
}

pub fn secrets() -> Secrets {
    Secrets::new(BTreeMap::from([("SIP_PASSWORD".to_owned(), "hunter22".to_owned())]))
}

/// Parses a scenario whose recordings need not exist.
pub fn read(text: &str) -> Result<Scenario, Problems> {
    let setting = Setting { secrets: secrets(), ..Setting::default() };
    parse_with(source("scenarios/test.yaml", text), &setting, &|_, _| Ok(()))
}

/// What is wrong with a scenario.
pub fn mistakes(text: &str) -> String {
    draw(&read(text).expect_err("mistakes"))
}

/// What is wrong with the steps of a scenario.
pub fn step_mistakes(steps: &str) -> String {
    mistakes(&format!("name: Test\nsteps:\n{steps}"))
}

/// What is wrong with a scenario in a folder, whose name is left out.
pub fn mistakes_in(folder: &Path, text: &str) -> String {
    let problems = parse(source(folder.join("test.yaml"), text), &Setting::default()).expect_err("mistakes");
    draw(&problems).replace(&*folder.to_string_lossy(), "FOLDER")
}

/// What is wrong with a configuration.
pub fn config_mistakes(text: &str) -> String {
    draw(&Config::parse(&source("goldencall.yaml", text), &secrets()).expect_err("mistakes"))
}
