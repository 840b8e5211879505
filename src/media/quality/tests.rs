//! Whole streams of packets.

use proptest::prelude::*;

use super::*;
use crate::media::MediaFrame;
use crate::time::CallTime;

/// Packet `k` of a stream that starts near the wrap of sequence numbers and timestamps, with its delay in milliseconds.
fn frame(k: u16, delay_ms: f64) -> MediaFrame {
    let arrival = CallTime::from_nanos((f64::from(k) * 20.0 * 1e6 + (delay_ms + 1000.0) * 1e6) as i64);
    let timestamp = (u32::MAX - 800).wrapping_add(u32::from(k) * 160);
    let sequence = 65_530_u16.wrapping_add(k);
    MediaFrame { arrival, received: arrival, ssrc: 7, sequence, timestamp, marker: k == 0, samples: vec![0; 160] }
}

fn assess(frames: &[MediaFrame], window: Option<Span>) -> Quality {
    let mut log = PacketLog::default();
    let mut frames = frames.to_vec();
    frames.sort_by_key(|frame| frame.arrival);
    frames.iter().for_each(|frame| log.push(frame));
    let evidence = Evidence { packets: Some(&log), codec: "PCMU", round_trip_ms: Some(40.0), recording: &[], missing: &[] };
    Assessor::new(evidence).assess(window, &[], &|index| index as f64)
}

fn counts(quality: &Quality) -> [u64; 5] {
    [quality.packets, quality.lost, quality.late, quality.reordered, quality.duplicates].map(|count| count.expect("a count"))
}

#[test]
fn loss_lateness_reordering_and_duplicates_are_told_apart_across_the_wrap() {
    let lost = [10, 11, 12, 50];
    let delay = |k: u16| match k {
        34 => 100.0,
        64 => 30.0,
        _ => 0.0,
    };
    let mut frames: Vec<MediaFrame> = (0..100).filter(|k| !lost.contains(k)).map(|k| frame(k, delay(k))).collect();
    frames.push(frame(80, 5.0));
    let quality = assess(&frames, None);
    assert_eq!(counts(&quality), [96, 4, 1, 2, 1]);
    assert_eq!((quality.longest_loss, quality.longest_loss_at_ms), (Some(3), Some(1200.0)));
    assert_eq!(quality.delay_ms, Some(100.0));
}

#[test]
fn a_window_sees_its_own_packets_only() {
    let frames: Vec<MediaFrame> = (0..100).filter(|k| ![10, 60, 61].contains(k)).map(|k| frame(k, 0.0)).collect();
    let window = |start: i64, end: i64| Some(Span { start: CallTime::from_millis(1000 + start), end: CallTime::from_millis(1000 + end) });
    assert_eq!(counts(&assess(&frames, window(1010, 1410)))[..2], [19, 2]);
    assert_eq!(counts(&assess(&frames, window(300, 1000)))[..2], [35, 0]);
    let nothing = assess(&frames, window(50_000, 51_000));
    assert_eq!((nothing.packets, nothing.loss, nothing.mos), (Some(0), None, None));
}

#[test]
fn a_restart_of_the_sender_and_a_new_source_are_no_loss() {
    let mut frames: Vec<MediaFrame> = (0..50).map(|k| frame(k, 0.0)).collect();
    frames.extend((50..100).map(|k| MediaFrame { ssrc: 8, sequence: 9000 + k, ..frame(k, 0.0) }));
    frames.extend((100..150).map(|k| MediaFrame { ssrc: 8, sequence: 30_000 + k, timestamp: u32::from(k) * 160, ..frame(k, 0.0) }));
    assert_eq!(counts(&assess(&frames, None)), [150, 0, 0, 0, 0]);
}

#[test]
fn packets_without_audio_are_received_and_say_nothing_of_jitter() {
    let mut frames: Vec<MediaFrame> = (0..50).map(|k| frame(k, 0.0)).collect();
    for k in 20..26 {
        // RFC 4733: the packets of an event share its timestamp.
        frames[k] = MediaFrame { samples: Vec::new(), timestamp: frames[20].timestamp, ..frames[k].clone() };
    }
    let quality = assess(&frames, None);
    assert_eq!(counts(&quality)[..3], [50, 0, 0]);
    assert!(quality.jitter_max_ms.expect("jitter") < 0.01, "{quality:?}");
}

#[test]
fn a_pause_on_the_wall_clock_and_a_new_playout_point_are_not_late() {
    let mut frames: Vec<MediaFrame> = (0..50).map(|k| frame(k, 0.0)).collect();
    // Asterisk: nothing for 5 s; the sequence numbers go on, the timestamps follow the clock.
    frames.extend((300..350).map(|k| MediaFrame { sequence: 65_530_u16.wrapping_add(k - 250), marker: k == 300, ..frame(k, 3.0) }));
    assert_eq!(counts(&assess(&frames, None)), [100, 0, 0, 0, 0]);
}

#[test]
fn playout_follows_a_slow_clock_and_a_longer_way() {
    // 300 ppm over 10 minutes are 180 ms.
    let drifting: Vec<MediaFrame> = (0..30_000).map(|k| frame(k, f64::from(k) * 0.006)).collect();
    assert_eq!(counts(&assess(&drifting, None))[..3], [30_000, 0, 0]);
    // A way 100 ms longer: too late until telephones have made their buffers longer.
    let rerouted: Vec<MediaFrame> = (0..500).map(|k| frame(k, if k < 200 { 0.0 } else { 100.0 })).collect();
    let late = counts(&assess(&rerouted, None))[2];
    assert!((1..=100).contains(&late), "{late}");
}

#[test]
fn a_burst_ahead_of_its_time_makes_nothing_late() {
    let frames: Vec<MediaFrame> =
        (0..200).map(|k| frame(k, if (50..100).contains(&k) { f64::from(k - 50) * -20.0 } else { 0.0 })).collect();
    assert_eq!(counts(&assess(&frames, None))[..3], [200, 0, 0]);
}

#[test]
fn transports_without_packets_have_no_numbers_of_packets() {
    let recording: Vec<i16> = (0..8000).map(|k| ((f64::from(k) * 0.11).sin() * 8000.0) as i16).collect();
    let evidence = Evidence { packets: None, codec: "PCMU", round_trip_ms: None, recording: &recording, missing: &[] };
    let quality = Assessor::new(evidence).assess(None, std::slice::from_ref(&(0..8000)), &|index| index as f64);
    assert_eq!((quality.packets, quality.mos, quality.round_trip_ms, quality.gaps), (None, None, None, Some(0)));
    assert!(quality.level_dbov.is_some());
}

proptest! {
    #[test]
    fn packets_and_lost_make_up_the_stream(lost in prop::collection::btree_set(1_u16..199, 0..60), seed in any::<u64>()) {
        let jitter = |k: u16| (seed.rotate_left(u32::from(k) % 64) % 15) as f64;
        let frames: Vec<MediaFrame> = (0..200).filter(|k| !lost.contains(k)).map(|k| frame(k, jitter(k))).collect();
        let quality = assess(&frames, None);
        prop_assert_eq!(quality.lost, Some(lost.len() as u64));
        prop_assert_eq!(quality.packets.unwrap() + quality.lost.unwrap(), 200);
        prop_assert_eq!(quality.late, Some(0));
        let (mean, most) = (quality.jitter_mean_ms.unwrap(), quality.jitter_max_ms.unwrap());
        prop_assert!(mean <= most && quality.jitter_ms.unwrap() <= most && most < 15.0);
        // Every window and the rest of the call share the packets among them.
        let cut = CallTime::from_millis(3010);
        let (early, late) = (Span { start: CallTime::DIAL, end: cut }, Span { start: cut, end: CallTime::from_millis(60_000) });
        let parts = [assess(&frames, Some(early)), assess(&frames, Some(late))];
        let sum: u64 = parts.iter().map(|part| part.packets.unwrap() + part.lost.unwrap()).sum();
        prop_assert!((200..=202).contains(&sum), "{}", sum);
    }

    #[test]
    fn the_counter_that_rtcp_reports_from_agrees(
        fates in prop::collection::vec((prop::bool::weighted(0.1), prop::bool::weighted(0.05), 0.0_f64..50.0), 150)
    ) {
        let mut frames: Vec<MediaFrame> = Vec::new();
        for (k, (lost, twice, delay)) in (0_u16..).zip(fates) {
            let edge = k == 0 || k == 149;
            let copies = if edge { 1 } else { usize::from(!lost) * (1 + usize::from(twice)) };
            frames.extend(std::iter::repeat_n(frame(k, if edge { 0.0 } else { delay }), copies));
        }
        let quality = assess(&frames, None);
        frames.sort_by_key(|frame| frame.arrival);
        let mut counter = crate::media::ReceptionCounter::default();
        frames.iter().for_each(|frame| counter.push(frame));
        let counted = counter.report();
        let [packets, lost, _, reordered, duplicates] = counts(&quality);
        prop_assert_eq!([counted.packets, counted.lost, counted.reordered, counted.duplicates], [packets, lost, reordered, duplicates]);
        prop_assert!((counted.jitter_ms - quality.jitter_ms.unwrap()).abs() < 1e-9);
    }

    #[test]
    fn no_packets_make_it_panic(
        packets in prop::collection::vec((0_i64..100_000, any::<u32>(), any::<u16>(), any::<bool>(), 0_u32..3, 0_usize..400), 0..80)
    ) {
        let frames: Vec<MediaFrame> = packets.into_iter().map(|(arrival, timestamp, sequence, marker, ssrc, length)| {
            let arrival = CallTime::from_millis(arrival);
            MediaFrame { arrival, received: arrival, ssrc, sequence, timestamp, marker, samples: vec![1; length] }
        }).collect();
        let quality = assess(&frames, None);
        prop_assert!(quality.mos.is_none_or(|mos| (1.0..=4.5).contains(&mos)));
    }
}
