//! What README.md and docs/ show is held to the product's own parser: every YAML block, every target in a table, every link.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::{goldencall, root};
use regex::Regex;
use tempfile::TempDir;

/// Keys by which a block is one of goldencall.yaml.
const CONFIG_KEYS: &[&str] = &["scenarios:", "target:", "targets:", "defaults:", "stt:", "telemetry:", "thresholds:", "load:"];

/// A piece of YAML and where it stands.
struct Piece {
    place: String,
    text: String,
}

fn pages() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("docs")).expect("docs");
    let docs = folder.map(|entry| entry.expect("entry").path()).filter(|path| path.extension().is_some_and(|end| end == "md"));
    let mut pages: Vec<PathBuf> = docs.chain([root().join("README.md")]).collect();
    pages.sort();
    pages
}

fn name(page: &Path) -> String {
    page.strip_prefix(root()).unwrap_or(page).display().to_string()
}

/// The blocks of YAML. A `yaml fragment` cannot stand alone and is left out; there are few.
fn blocks(page: &Path, text: &str) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut fence: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        match (&fence, line.strip_prefix("```")) {
            (None, Some(opened)) => {
                fence = Some(opened.trim().to_owned());
                let kind = opened.trim();
                let known = !kind.starts_with('y') || kind == "yaml" || kind == "yaml fragment";
                assert!(known, "{}:{}: a fence is `yaml` or `yaml fragment`, not `{kind}`", name(page), number + 1);
                if kind == "yaml" {
                    found.push(Piece { place: format!("{}:{}", name(page), number + 1), text: String::new() });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some(opened), None) if opened == "yaml" => {
                if let Some(piece) = found.last_mut() {
                    piece.text.push_str(line);
                    piece.text.push('\n');
                }
            }
            _ => {}
        }
    }
    assert_eq!(fence, None, "{}: a fence is not closed", name(page));
    found
}

/// Targets in the tables, as URIs and as mappings, each as a block of goldencall.yaml.
fn targets(page: &Path, text: &str) -> Vec<Piece> {
    let code = Regex::new("`([^`]+)`").expect("a pattern");
    let mapping = Regex::new(r"^(sip|webrtc|websocket|bot|originate): \{.*\}$").expect("a pattern");
    let uri = Regex::new(r"^((sips?|bot|audiosocket):|[a-z]+\+(wss?|https?)://)\S+$").expect("a pattern");
    let rows = text.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    let piece = |number: usize, code: &str| {
        let place = format!("{}:{}", name(page), number + 1);
        if mapping.is_match(code) {
            Some(Piece { place, text: format!("targets:\n  shown:\n    {code}\n") })
        } else {
            uri.is_match(code).then(|| Piece { place, text: format!("targets:\n  shown: \"{code}\"\n") })
        }
    };
    rows.flat_map(|(number, line)| code.captures_iter(line).filter_map(|found| piece(number, &found[1])).collect::<Vec<_>>()).collect()
}

/// A folder in which `../audio` is the project's.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("folder");
    std::os::unix::fs::symlink(root().join("audio"), folder.path().join("audio")).expect("link");
    std::fs::create_dir(folder.path().join("scenarios")).expect("folder");
    folder
}

/// What `goldencall check` has against a piece of YAML; nothing if it is right.
fn mistakes(text: &str) -> Option<String> {
    let is_key = |line: &str, keys: &[&str]| keys.iter().any(|key| line.starts_with(key));
    let scenario = text.lines().any(|line| is_key(line, &["steps:"]));
    if !scenario && !text.lines().any(|line| is_key(line, CONFIG_KEYS)) {
        return Some("neither a scenario nor goldencall.yaml; mark the fence as `yaml fragment`".to_owned());
    }
    let folder = folder();
    let (config, steps) = if scenario { ("", text) } else { (text, "name: docs\nsteps:\n  - bot: Hello\n") };
    std::fs::write(folder.path().join("goldencall.yaml"), config).expect("configuration");
    std::fs::write(folder.path().join("scenarios/docs.yaml"), steps).expect("scenario");
    let mut command = goldencall();
    command.current_dir(folder.path()).args(["check", "scenarios/docs.yaml"]).env_remove("GOLDENCALL_CONFIG");
    let variable = Regex::new(r"\$\{([A-Z_0-9]+)\}").expect("a pattern");
    for found in variable.captures_iter(text) {
        // Begins as the SID of a Twilio account must.
        command.env(&found[1], "ACvalueofavariable");
    }
    let output = command.output().expect("check");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (!output.status.success()).then_some(said)
}

#[test]
fn every_block_and_every_target_is_what_the_parser_takes() {
    let mut wrong = Vec::new();
    let (mut count, mut fragments) = (0, 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("page");
        fragments += text.lines().filter(|line| line.starts_with("```yaml fragment")).count();
        let pieces = blocks(&page, &text).into_iter().chain(targets(&page, &text));
        for piece in pieces {
            count += 1;
            wrong.extend(mistakes(&piece.text).map(|said| format!("{}\n{said}", piece.place)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40, "only {count} pieces were found");
    assert!(fragments < 5, "{fragments} fragments are not checked");
}

#[test]
fn a_misspelt_key_is_found() {
    let wrong = [
        "targets:\n  a: { sip: { uri: \"sip:bot@example.com\", regster: true } }\n",
        "thresholds: { turn_latncy.p95: 1s }\n",
        "steps:\n  - bot: { says: Hello, latancy: 1s }\n",
        "steps:\n  - caller: { audio: ../audio/caller/gone.wav }\n",
        "sip: { uri: \"sip:bot@example.com\" }\n",
    ];
    for text in wrong {
        assert!(mistakes(text).is_some(), "{text}");
    }
    let right = "targets:\n  a: { sip: { uri: \"sip:bot@example.com\", password: \"${DOCS_PASSWORD}\" } }\n";
    assert_eq!(mistakes(right), None);
    let rows = "| a | `sip: { uri: \"sip:a@example.com\" }` and `sips:b@example.com` and `uri` |\n";
    assert_eq!(targets(Path::new("a.md"), rows).len(), 2);
}

#[test]
fn the_references_have_every_key() {
    let text = std::fs::read_to_string(root().join("schema/scenario.json")).expect("schema");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let lists = [
        ("/properties", "docs/scenario.md"),
        ("/$defs/bot/properties", "docs/scenario.md"),
        ("/$defs/caller/properties", "docs/scenario.md"),
        ("/$defs/defaults/properties", "docs/scenario.md"),
        ("/$defs/matchers/properties", "docs/scenario.md"),
        ("/$defs/target/oneOf/1/properties/sip/properties", "docs/sip-reference.md"),
        ("/$defs/target/oneOf/1/properties/bot/properties", "docs/sample-bot.md"),
        ("/$defs/webrtc/properties", "docs/targets.md"),
        ("/$defs/websocket/properties", "docs/targets.md"),
        ("/$defs/quality/properties", "docs/quality.md"),
    ];
    for (list, page) in lists {
        let keys = schema.pointer(list).and_then(serde_json::Value::as_object).expect(list);
        let text = std::fs::read_to_string(root().join(page)).expect(page);
        // In a list of code, a span of code or a mapping.
        let shown = |key: &str| Regex::new(&format!(r"[`{{ ]{key}[`:,]")).expect("a pattern").is_match(&text);
        let missing: Vec<&String> = keys.keys().filter(|key| !shown(key)).collect();
        assert!(missing.is_empty(), "{page} does not name {missing:?}");
    }
}

#[test]
fn links_lead_to_files_and_every_page_is_in_the_index() {
    let link = Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").expect("a pattern");
    let mut indexed = BTreeSet::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("page");
        let here = page.parent().expect("a folder");
        for found in link.captures_iter(&text) {
            let path = here.join(&found[1]);
            assert!(path.exists(), "{}: {} leads to nothing", name(&page), &found[1]);
            if page.ends_with("docs/README.md") {
                indexed.insert(path);
            }
        }
    }
    let missing: Vec<String> =
        pages().iter().filter(|page| !page.ends_with("README.md") && !indexed.contains(*page)).map(|page| name(page)).collect();
    assert!(missing.is_empty(), "docs/README.md does not name {missing:?}");
}
