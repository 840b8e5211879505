//! The E-model: from loss and delay to what people would say of the line (ITU-T G.107 for narrowband codecs, G.107.1 for
//! wideband ones), with every parameter that a network does not change at its default.

/// R of a line without delay, loss or codec (G.107, table 3: all parameters at their defaults).
const R_NARROWBAND: f64 = 93.2;
/// The same on the wideband scale (G.107.1, section 7.7).
const R_WIDEBAND: f64 = 129.0;
/// Largest impairment by a codec (G.107, equation 7-29).
const IE_MOST: f64 = 95.0;
/// Talker echo loudness rating in dB (G.107, table 2, default).
const TELR: f64 = 65.0;
/// Weighted echo path loss in dB (G.107, table 2, default).
const WEPL: f64 = 110.0;
/// Basic signal-to-noise ratio (G.107, equation 7-2 at its defaults).
const RO: f64 = 94.77;
/// Noise at a 0 dBr point in dBm0p (G.107, equation 7-3 at its defaults) and the receive loudness rating in dB.
const NO: f64 = -61.18;
const RLR: f64 = 2.0;

/// What a codec does to speech, and how it bears loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impairment {
    /// Ie, or Ie,WB: equipment impairment without loss.
    pub ie: f64,
    /// Bpl: packet-loss robustness.
    pub bpl: f64,
    /// On the wideband scale.
    pub wideband: bool,
}

/// The planning values of a codec by its SDP name; `None` for codecs without any.
pub fn impairment(codec: &str) -> Option<Impairment> {
    let name = codec.split('/').next().unwrap_or_default().to_ascii_uppercase();
    Some(match name.as_str() {
        // G.113 appendix I, table I.3: G.711 with packet-loss concealment (G.711 appendix I), random loss. Telephones have it;
        // without it Bpl is 4.3.
        "PCMU" | "PCMA" => Impairment { ie: 0.0, bpl: 25.1, wideband: false },
        // G.113 appendix IV: Ie,WB of G.722 at 64 kbit/s is 13. It has no agreed Bpl; the value of G.711 without concealment
        // (4.3) is the careful choice.
        "G722" => Impairment { ie: 13.0, bpl: 4.3, wideband: true },
        // No ITU-T value. Bpl as measured for wideband Opus with random loss (17.6 to 24.8: Al-Ahmadi, 2021); at 24 kbit/s
        // and more Ie,WB is taken as that of AMR-WB at 18.25 kbit/s (G.113 appendix IV: 5).
        "OPUS" => Impairment { ie: 5.0, bpl: 19.0, wideband: true },
        _ => return None,
    })
}

/// What the model judges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The codec.
    pub codec: Impairment,
    /// Share of packets that were not played, 0 to 1.
    pub loss: f64,
    /// BurstR, at least 1; the model is validated up to 2, or for loss under 2 %.
    pub burst_ratio: f64,
    /// Mouth to ear, in milliseconds.
    pub delay_ms: f64,
}

/// What people would say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rating {
    /// Transmission rating factor; up to 93.2 narrowband, up to 129 wideband.
    pub r: f64,
    /// Estimated conversational quality, 1 to 4.5.
    pub mos_cqe: f64,
    /// Estimated listening quality, which delay does not touch, 1 to 4.5.
    pub mos_lqe: f64,
}

/// Judges a line.
pub fn rate(line: &Line) -> Rating {
    let codec = line.codec;
    let percent = line.loss.clamp(0.0, 1.0) * 100.0;
    let robust = percent / line.burst_ratio.max(1.0) + codec.bpl;
    let impairment = codec.ie + (IE_MOST - codec.ie) * percent / robust;
    let best = if codec.wideband { R_WIDEBAND } else { R_NARROWBAND };
    // The wideband scale is stretched by 1.29 (G.107.1, annex A).
    let stretch = if codec.wideband { 1.29 } else { 1.0 };
    let listening = best - impairment;
    let r = (listening - delay_impairment(line.delay_ms)).max(0.0);
    Rating { r, mos_cqe: mos(r / stretch), mos_lqe: mos(listening.max(0.0) / stretch) }
}

/// From R to a mean opinion score (G.107, annex B).
pub fn mos(r: f64) -> f64 {
    if r <= 0.0 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        // The cubic dips under 1 for R below 6.5.
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
    }
}

/// Id for one-way delay T in milliseconds, echo paths at their defaults (G.107, section 7.4): talker echo, listener echo, and
/// too long a delay as such. R without delay includes its value at T = 0.
fn delay_impairment(delay_ms: f64) -> f64 {
    let delay = delay_ms.max(0.0);
    talker_echo(delay) + listener_echo(delay) - listener_echo(0.0) + too_long(delay)
}

fn talker_echo(delay: f64) -> f64 {
    let spread = ((1.0 + delay / 10.0) / (1.0 + delay / 150.0)).log10();
    let rating = TELR - 40.0 * spread + 6.0 * (-0.3 * delay * delay).exp();
    let (roe, re) = (-1.5 * (NO - RLR), 80.0 + 2.5 * (rating - 14.0));
    let half = (roe - re) / 2.0;
    // Echo is not a gain: the formula dips under zero for delays of a few milliseconds.
    (half + (half * half + 100.0).sqrt() - 1.0).max(0.0) * (1.0 - (-delay).exp())
}

fn listener_echo(delay: f64) -> f64 {
    let rating = 10.5 * (WEPL + 7.0) * (2.0 * delay + 1.0).powf(-0.25);
    let half = (RO - rating) / 2.0;
    half + (half * half + 100.0).sqrt()
}

fn too_long(delay: f64) -> f64 {
    if delay <= 100.0 {
        return 0.0;
    }
    let x = (delay / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(codec: &str, loss: f64, delay_ms: f64) -> Rating {
        rate(&Line { codec: impairment(codec).expect("a codec"), loss, burst_ratio: 1.0, delay_ms })
    }

    #[test]
    fn the_published_values_come_out() {
        // G.107, annex B and table 3: R = 93.2 is MOS 4.41.
        let best = line("PCMU", 0.0, 0.0);
        assert!((best.r - 93.2).abs() < 1e-9 && (best.mos_cqe - 4.41).abs() < 0.005, "{best:?}");
        // G.711 at 100 ms and 5 % random loss, with and without concealment.
        let concealed = line("PCMA", 0.05, 100.0);
        assert!((concealed.r - 75.0).abs() < 0.3 && (concealed.mos_cqe - 3.82).abs() < 0.02, "{concealed:?}");
        let bare = Impairment { bpl: 4.3, ..impairment("PCMU").expect("G.711") };
        let bare = rate(&Line { codec: bare, loss: 0.05, burst_ratio: 1.0, delay_ms: 100.0 });
        assert!((bare.r - 39.7).abs() < 0.3 && (bare.mos_cqe - 2.05).abs() < 0.02, "{bare:?}");
        // G.107 annex B: R = 90, 80, 70, 60, 50 are MOS 4.34, 4.03, 3.60, 3.10, 2.58.
        for (r, expected) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            assert!((mos(r) - expected).abs() < 0.01, "{r}: {}", mos(r));
        }
    }

    #[test]
    fn delay_costs_what_g_107_says() {
        // G.114: up to 150 ms is hardly noticed, 400 ms is the limit of planning (the curve of its figure 1, by eye).
        for (delay, r) in [(150.0, 90.0), (250.0, 80.5), (400.0, 64.5)] {
            assert!((line("PCMU", 0.0, delay).r - r).abs() < 2.5, "{delay}: {}", line("PCMU", 0.0, delay).r);
        }
    }

    #[test]
    fn wideband_codecs_are_on_their_own_scale() {
        let wide = line("G722", 0.0, 0.0);
        assert!((wide.r - 116.0).abs() < 1e-9 && wide.mos_cqe > 4.3, "{wide:?}");
        assert!(line("opus/48000/2", 0.0, 0.0).mos_cqe > 4.4);
        assert_eq!(impairment("G729"), None);
    }

    #[test]
    fn bursts_are_worse_than_random_loss() {
        let burst = |burst_ratio| rate(&Line { codec: impairment("PCMU").expect("G.711"), loss: 0.05, burst_ratio, delay_ms: 100.0 }).r;
        assert!(burst(2.0) < burst(1.0));
    }

    proptest! {
        #[test]
        fn quality_falls_with_loss_and_delay(
            codec in prop::sample::select(vec!["PCMU", "PCMA", "G722", "opus"]),
            loss in 0.0_f64..1.0, more in 0.0_f64..0.5, delay in 0.0_f64..1000.0, longer in 0.0_f64..500.0,
        ) {
            let here = line(codec, loss, delay);
            for worse in [line(codec, (loss + more).min(1.0), delay), line(codec, loss, delay + longer)] {
                prop_assert!(worse.r <= here.r + 1e-9);
                prop_assert!(worse.mos_cqe <= here.mos_cqe + 1e-9 && worse.mos_lqe <= here.mos_lqe + 1e-9);
            }
            prop_assert!((1.0..=4.5).contains(&here.mos_cqe) && here.mos_lqe >= here.mos_cqe);
        }
    }
}
