//! The models that goldencall uses, pinned to the byte.

use std::fmt;
use std::str::FromStr;

/// A model of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ModelId {
    /// Moonshine base (English): speech to text.
    MoonshineBaseEn,
    /// Silero: speech detection.
    SileroVad,
}

/// The package that a model comes in, and what is taken from it.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// Platform tag to ask for: the files are data, used on any platform.
    pub(super) platform: &'static str,
    /// Length of the package in bytes.
    pub(super) size: u64,
    pub(super) sha256: &'static str,
    pub(super) files: &'static [PinnedFile],
}

/// A file of a model.
#[derive(Debug)]
pub(super) struct PinnedFile {
    /// Its path in the package.
    pub(super) member: &'static str,
    pub(super) member_sha256: &'static str,
    /// Its name in the store.
    pub(super) name: &'static str,
    /// Length and hash in the store, after conversion if there is one.
    pub(super) size: u64,
    pub(super) sha256: &'static str,
    /// Whether it is converted from `.ort` to `.onnx`.
    pub(super) convert: bool,
}

static MOONSHINE: Package = Package {
    name: "moonshine-cpp",
    version: "0.1.4",
    platform: "manylinux2014_x86_64",
    size: 54_645_697,
    sha256: "f7afc662bdd3ef98815ee3b940438b456e77d5a77cea5396ed9c572785412ebd",
    files: &[
        PinnedFile {
            member: "moonshine_cpp-0.1.4.data/purelib/moonshine_cpp/models/base-en/encoder_model.ort",
            member_sha256: "9d1a19e044cbf89a207723d1adb667de89a5671a1e3e611b8ebe721b2c31219c",
            name: "encoder_model.onnx",
            size: 20_378_934,
            sha256: "9a697cf68719cfeddf9f4a2c1d0f9848adf53031a09137cdd7336182d06e83f0",
            convert: true,
        },
        PinnedFile {
            member: "moonshine_cpp-0.1.4.data/purelib/moonshine_cpp/models/base-en/decoder_model_merged.ort",
            member_sha256: "370e0c1f161d68dc1c2264c1a82024fb123380da3b73f47f05531d1e8d3308c3",
            name: "decoder_model_merged.onnx",
            size: 42_081_858,
            sha256: "ad1f64cdff0bad0e8f0551c164e1008011d274ce275d11373910dbbd017d3eff",
            convert: true,
        },
        PinnedFile {
            member: "moonshine_cpp-0.1.4.data/purelib/moonshine_cpp/models/base-en/tokenizer.bin",
            member_sha256: "04670d78994d030185c3dd843c60591788fed0a56cc6750747bd326825f13ca9",
            name: "tokenizer.bin",
            size: 241_639,
            sha256: "04670d78994d030185c3dd843c60591788fed0a56cc6750747bd326825f13ca9",
            convert: false,
        },
    ],
};

static SILERO: Package = Package {
    name: "silero-vad",
    version: "6.2.3",
    platform: "any",
    size: 11_317_527,
    sha256: "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
    files: &[PinnedFile {
        member: "silero_vad/data/silero_vad_16k_op15.onnx",
        member_sha256: "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        name: "silero_vad_16k_op15.onnx",
        size: 1_289_603,
        sha256: "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        convert: false,
    }],
};

impl ModelId {
    /// Every model, in the order in which `goldencall model list` shows them.
    pub const ALL: [Self; 2] = [Self::MoonshineBaseEn, Self::SileroVad];

    /// The name used on the command line and as the folder's first part.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MoonshineBaseEn => "moonshine-base-en",
            Self::SileroVad => "silero-vad",
        }
    }

    /// What the model is for, for people.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::MoonshineBaseEn => "speech to text, English",
            Self::SileroVad => "speech detection",
        }
    }

    /// Bytes to download.
    #[must_use]
    pub fn download_size(self) -> u64 {
        self.package().size
    }

    /// Bytes on disk once installed.
    #[must_use]
    pub fn installed_size(self) -> u64 {
        self.package().files.iter().map(|file| file.size).sum()
    }

    /// The folder of the model in a store.
    pub(super) fn folder(self) -> String {
        format!("{}-{}", self.name(), self.package().version)
    }

    pub(super) fn package(self) -> &'static Package {
        match self {
            Self::MoonshineBaseEn => &MOONSHINE,
            Self::SileroVad => &SILERO,
        }
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A model name that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no model `{0}`: use moonshine-base-en or silero-vad")]
pub struct UnknownModel(pub String);

impl FromStr for ModelId {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        let found = Self::ALL.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| UnknownModel(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for model in ModelId::ALL {
            assert_eq!(model.name().parse(), Ok(model));
            assert!(model.installed_size() > 1_000_000);
        }
        assert!("whisper".parse::<ModelId>().is_err());
    }
}
