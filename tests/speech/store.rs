//! The model store with a real package client.

use std::path::Path;

use goldencall::internals::speech::{FetchStage, ModelId, ModelState, ModelStore};

use crate::support::store_dir;

const FILE: &str = "silero_vad_16k_op15.onnx";

/// A new store with a copy of the small model.
fn copied(into: &Path) -> ModelStore {
    let files = ModelStore::new(store_dir()).ensure(ModelId::SileroVad, &mut |_| ()).unwrap();
    let store = ModelStore::new(into.to_owned());
    let folder = store.status(ModelId::SileroVad).path;
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(files.path(FILE), folder.join(FILE)).unwrap();
    store
}

#[test]
fn a_copied_store_works_without_a_client() {
    let dir = tempfile::tempdir().unwrap();
    let store = copied(dir.path()).with_search_path(dir.path().into());
    let files = store.ensure(ModelId::SileroVad, &mut |_| panic!("nothing to fetch")).unwrap();
    assert_eq!(files.read().unwrap().len() as u64, ModelId::SileroVad.installed_size());
    let states: Vec<_> = store.list().into_iter().map(|line| (line.model, line.state)).collect();
    let missing = (ModelId::MoonshineBaseEn, ModelState::Missing);
    assert_eq!(states, [missing, (ModelId::SileroVad, ModelState::Installed)]);
}

#[cfg(unix)]
#[test]
fn a_complete_store_may_be_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = copied(dir.path());
    let folder = store.status(ModelId::SileroVad).path;
    std::fs::remove_file(folder.join(".verified")).ok();
    for path in [folder.as_path(), dir.path()] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o555)).unwrap();
    }
    assert!(store.ensure(ModelId::SileroVad, &mut |_| panic!("nothing to fetch")).is_ok());
    for path in [folder.as_path(), dir.path()] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_damaged_model_is_fetched_again_once_for_all() {
    let dir = tempfile::tempdir().unwrap();
    let store = copied(dir.path());
    let file = store.status(ModelId::SileroVad).path.join(FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[123_456] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(store.status(ModelId::SileroVad).state, ModelState::Damaged);
    let interrupted = dir.path().join(".fetch-interrupted");
    std::fs::create_dir(&interrupted).unwrap();

    let fetch = || {
        let mut reports = Vec::new();
        store.ensure(ModelId::SileroVad, &mut |report| reports.push(report)).unwrap();
        reports
    };
    let reports: Vec<_> = std::thread::scope(|scope| {
        let both = [scope.spawn(fetch), scope.spawn(fetch)];
        both.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });

    assert_eq!(store.status(ModelId::SileroVad).state, ModelState::Installed);
    assert!(!interrupted.exists());
    let ends = reports.iter().filter(|r| r.stage == FetchStage::Install && r.done == r.total);
    assert_eq!(ends.count(), 1, "{reports:?}");
    assert!(reports.iter().all(|r| r.done <= r.total && r.total > 1_000_000));
}

#[test]
fn without_a_client_one_sentence_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::new(dir.path().join("models")).with_search_path(dir.path().into());
    let error = store.ensure(ModelId::MoonshineBaseEn, &mut |_| ()).unwrap_err();
    insta::assert_snapshot!(error, @"the speech model moonshine-base-en is missing and neither pip nor uv is here to fetch it: install pip or uv, or copy a model folder from another machine and set GOLDENCALL_MODEL_DIR to it");
}

#[cfg(unix)]
#[test]
fn the_clients_own_words_are_passed_on() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::script(
        &dir.path().join("pip"),
        "case \"$1\" in --version) exit 0;; esac\necho 'WARNING: retrying' >&2\necho 'ERROR: No matching distribution found' >&2\nexit 1\n",
    );
    let store = ModelStore::new(dir.path().join("models")).with_search_path(dir.path().into());
    let error = store.ensure(ModelId::SileroVad, &mut |_| ()).unwrap_err();
    insta::assert_snapshot!(error, @"the speech model silero-vad could not be fetched, `pip` said: No matching distribution found; check the network and the package index, or copy a model folder from another machine and set GOLDENCALL_MODEL_DIR to it");
}

#[cfg(unix)]
#[test]
fn another_file_than_the_pinned_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::script(
        &dir.path().join("pip"),
        "while [ $# -gt 0 ]; do if [ \"$1\" = --dest ]; then echo other > \"$2/silero.whl\"; fi; shift; done\n",
    );
    let store = ModelStore::new(dir.path().join("models")).with_search_path(dir.path().into());
    let error = store.ensure(ModelId::SileroVad, &mut |_| ()).unwrap_err();
    insta::assert_snapshot!(error, @"the package index gave another silero-vad 6.2.3 than the pinned one (sha256 7e4fa2eb8c7ac089739d5defc4489fad68a100d92082ca35c6b40a4524821f87): check which index your pip or uv uses");
    assert_eq!(store.status(ModelId::SileroVad).state, ModelState::Missing);
}
