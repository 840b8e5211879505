use super::*;

fn wav(tag: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let mut out = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    out.extend(tag.to_le_bytes());
    out.extend(channels.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend((rate * u32::from(channels * bits / 8)).to_le_bytes());
    out.extend((channels * bits / 8).to_le_bytes());
    out.extend(bits.to_le_bytes());
    out.extend(b"LIST\x03\0\0\0abc\0data");
    out.extend((data.len() as u32).to_le_bytes());
    out.extend(data);
    out
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    read(bytes).unwrap().samples
}

#[test]
fn reads_every_pcm_layout_to_the_same_samples() {
    let want = vec![0, 16384, -32768];
    let as16: Vec<u8> = want.iter().flat_map(|s: &i16| s.to_le_bytes()).collect();
    assert_eq!(samples(&wav(1, 1, 8000, 16, &as16)), want);
    assert_eq!(samples(&wav(1, 1, 8000, 8, &[128, 192, 0])), want);
    assert_eq!(samples(&wav(1, 1, 8000, 24, &[0, 0, 0, 0, 0, 64, 0, 0, 128])), want);
    let as_f32: Vec<u8> = [0f32, 0.5, -1.0].iter().flat_map(|s| s.to_le_bytes()).collect();
    assert_eq!(samples(&wav(3, 1, 44100, 32, &as_f32)), want);
    let as_f64: Vec<u8> = [0f64, 0.5, -1.0].iter().flat_map(|s| s.to_le_bytes()).collect();
    assert_eq!(samples(&wav(3, 1, 8000, 64, &as_f64)), want);
}

#[test]
fn averages_channels_and_survives_loud_or_broken_floats() {
    let stereo: Vec<u8> = [100i16, 300, -5, -5].iter().flat_map(|s| s.to_le_bytes()).collect();
    assert_eq!(samples(&wav(1, 2, 16000, 16, &stereo)), [200, -5]);
    let loud: Vec<u8> = [4f32, -4.0, f32::NAN].iter().flat_map(|s| s.to_le_bytes()).collect();
    assert_eq!(samples(&wav(3, 1, 8000, 32, &loud)), [32767, -32768, 0]);
}

#[test]
fn reads_telephony_recordings() {
    assert_eq!(samples(&wav(7, 1, 8000, 8, &[0xFF, 0x7F, 0x80, 0x00])), [0, 0, 32124, -32124]);
    assert_eq!(samples(&wav(6, 1, 8000, 8, &[0xD5, 0x55])), [8, -8]);
}

#[test]
fn reads_open_ended_headers_to_the_end() {
    let mut bytes = wav(1, 1, 8000, 16, &[1, 0, 2, 0]);
    for length in [0u32, u32::MAX] {
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(samples(&bytes), [1, 2]);
    }
}

#[test]
fn chunks_behind_open_ended_samples_are_not_samples() {
    let mut trailer = b"LIST\x1a\0\0\0INFOISFT\x0e\0\0\0Lavf60.16.100\0".to_vec();
    trailer.extend(b"id3 \x03\0\0\0abc\0");
    for data in [vec![], vec![1, 0, 2, 0]] {
        let mut bytes = wav(1, 1, 8000, 16, &data);
        let at = bytes.len() - data.len() - 4;
        bytes.extend(&trailer);
        for length in [0u32, u32::MAX, 0x7FFF_FFFF] {
            bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
            let want = if data.is_empty() { Err(WavError::Empty) } else { Ok(vec![1, 2]) };
            assert_eq!(read(&bytes).map(|clip| clip.samples), want);
        }
    }
    // Samples that look like the name of a chunk are samples.
    let mut bytes = wav(1, 1, 8000, 16, b"LISTabcdefgh");
    let at = bytes.len() - 16;
    bytes[at..at + 4].copy_from_slice(&0u32.to_le_bytes());
    assert_eq!(samples(&bytes).len(), 6);
}

#[test]
fn one_speaker_is_one_channel() {
    let stereo = |pairs: &[[i16; 2]]| wav(1, 2, 8000, 16, &pairs.concat().iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>());
    let speaker = |bytes: &[u8], channel| read_speaker(bytes, channel).map(|clip| clip.samples);
    let call = stereo(&[[100, 0], [300, -5]]);
    assert_eq!(speaker(&call, Some(Channel::Left)), Ok(vec![100, 300]));
    assert_eq!(speaker(&call, Some(Channel::Right)), Ok(vec![0, -5]));
    assert_eq!(speaker(&stereo(&[[7, 7], [-9, -9]]), None), Ok(vec![7, -9]));
    let mono = wav(1, 1, 8000, 16, &[1, 0]);
    assert_eq!(speaker(&mono, None), Ok(vec![1]));
    let said = |result: Result<Vec<i16>, WavError>| result.expect_err("an error").to_string();
    let all = [
        said(speaker(&call, None)),
        said(speaker(&stereo(&[[9000, -9000], [-8000, 8000]]), None)),
        said(speaker(&mono, Some(Channel::Left))),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    the file has 2 channels with different sounds (a mix would speak both parts): write `channel: left` or `channel: right`
    the file has 2 channels with different sounds (they cancel each other: one is the other turned over): write `channel: left` or `channel: right`
    the file has 1 channels, so that `channel` names none of them: leave it out, or convert the file
    ");
}

#[test]
fn other_files_are_named_as_what_they_are() {
    let files: [&[u8]; 8] = [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
        b"\xef\xbb\xbf\n<!DOCTYPE html><html>",
        b"ID3\x04",
        b"\xff\xfb\x90\x64",
        b"RF64\xff\xff\xff\xffWAVEds64",
        b"OggS",
        b"",
        b"{\"error\":404}",
    ];
    let said = files.map(|file| read(file).expect_err("an error").to_string());
    insta::assert_snapshot!(said.join("\n"), @"
    this is a Git LFS pointer, not a WAV file: fetch the file itself with `git lfs pull`
    this is an HTML page, not a WAV file: download the file itself; the page may say why that failed
    this is MP3, not a WAV file: convert it, for instance with `sox` or `ffmpeg`
    this is MP3, not a WAV file: convert it, for instance with `sox` or `ffmpeg`
    this is RF64 (a WAV file of more than 4 GB), not a WAV file: convert it, for instance with `sox` or `ffmpeg`
    this is Ogg, not a WAV file: convert it, for instance with `sox` or `ffmpeg`
    this is an empty file, not a WAV file: record it again, or copy it again
    this is a text file (JSON or XML), not a WAV file: download the recording itself
    ");
}

#[test]
fn says_what_is_wrong() {
    assert!(matches!(read(b"ID3 something"), Err(WavError::NotWav("MP3", _))));
    assert_eq!(read(b"RIFF\0\0\0\0WAVE"), Err(WavError::NoFormat));
    assert_eq!(read(&wav(1, 1, 8000, 16, &[])), Err(WavError::Empty));
    assert_eq!(read(&wav(1, 0, 8000, 16, &[1, 2])), Err(WavError::NoFormat));
    assert_eq!(read(&wav(1, 1, 96000, 16, &[1, 2])), Err(WavError::Rate(96000)));
    assert_eq!(read(&wav(1, 1, 8000, 12, &[1, 2])), Err(WavError::SampleSize { tag: 1, bits: 12 }));
    assert!(matches!(read(&wav(0x31, 1, 8000, 0, &[1])), Err(WavError::Compressed { name: "GSM 6.10", .. })));
    let whole = wav(1, 1, 8000, 16, &[1, 0, 2, 0]);
    let cut = read(&whole[..whole.len() - 2]);
    assert_eq!(cut, Err(WavError::Truncated { promised: 4, present: 2 }));
}

proptest::proptest! {
    #[test]
    fn never_panics_on_any_bytes(noise: Vec<u8>, cut in 0usize..60) {
        let _ = read(&noise);
        let _ = read_speaker(&noise, Some(Channel::Right));
        let mut file = wav(1, 1, 8000, 16, &noise);
        file.truncate(cut);
        let _ = read(&file);
        let _ = read_speaker(&file, None);
    }

    #[test]
    fn any_header_gives_a_clip_or_an_error(tag: u16, channels: u16, rate: u32, bits in 0u16..128) {
        let mut file = wav(1, 1, 8000, 16, &[7; 64]);
        file[20..22].copy_from_slice(&tag.to_le_bytes());
        file[22..24].copy_from_slice(&channels.to_le_bytes());
        file[24..28].copy_from_slice(&rate.to_le_bytes());
        file[34..36].copy_from_slice(&bits.to_le_bytes());
        let _ = read(&file);
    }
}
