//! How the times are distributed, drawn: bars on the terminal, and curves in a file.

use std::{fmt::Write as _, fs, path::Path};

use hdrhistogram::Histogram;
use plotters::prelude::*;

use super::{
    super::failure::{Failure, Result, Status},
    report::{Report, time},
};

/// How many steps there are from one time to its double.
const STEPS: i32 = 2;

/// How wide the longest bar is, in characters.
const WIDTH: u64 = 50;

/// A line for each step of the times, each step longer than the one before by the same factor.
pub(super) fn bars(histogram: &Histogram<u64>) -> String {
    let mut limits = limits(histogram.min());
    let mut counts = Vec::new();
    let (mut limit, mut count) = (limits(), 0);
    for value in histogram.iter_recorded() {
        while value.value_iterated_to() > limit {
            counts.push((limit, count));
            (limit, count) = (limits(), 0);
        }
        count += value.count_at_value();
    }
    counts.push((limit, count));
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let mut text = String::new();
    for (limit, count) in counts {
        let eighths = (count * WIDTH * 8).div_ceil(most);
        let full = "█".repeat((eighths / 8) as usize);
        let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"].get((eighths % 8) as usize).unwrap_or(&"");
        let _ = writeln!(text, "  up to {:>8}  {full}{rest} {count}", time(limit));
    }
    text
}

/// The ends of the steps, from that of the least time on.
fn limits(least: u64) -> impl FnMut() -> u64 {
    let mut step = ((least.max(1) as f64).log2() * f64::from(STEPS)).floor() as i32;
    move || {
        step += 1;
        2_f64.powf(f64::from(step) / f64::from(STEPS)).round() as u64
    }
}

/// Draws which part of the requests had been answered after which time, a curve for each operation.
pub(super) fn write(path: &Path, report: &Report) -> Result<()> {
    let text = draw(report).map_err(|error| Failure::new(Status::File, error))?;
    fs::write(path, text).map_err(|error| Failure::file(path, &error))
}

/// Up to which part of the requests is drawn, in nines: 99.999 %.
const NINES: f64 = 5.0;

fn draw(report: &Report) -> Result<String, Box<dyn std::error::Error>> {
    let mut text = String::new();
    let measured: Vec<_> = report.rows.iter().filter(|(_, times)| !times.histogram.is_empty()).collect();
    let least = measured.iter().map(|(_, times)| times.histogram.min()).min().unwrap_or(1_000).max(1);
    let most = measured.iter().map(|(_, times)| times.histogram.max()).max().unwrap_or(1_000_000);
    {
        let area = SVGBackend::with_string(&mut text, (900, 540)).into_drawing_area();
        area.fill(&WHITE)?;
        let milliseconds = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let times = (milliseconds(least) * 0.8..milliseconds(most) * 1.2).log_scale();
        let mut chart = ChartBuilder::on(&area)
            .caption("How long requests took", ("sans-serif", 22))
            .margin(16)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d(0.0..NINES, times)?;
        let part = |nines: &f64| format!("{} %", 100.0 - 100.0 * 10_f64.powf(-nines));
        chart
            .configure_mesh()
            .x_desc("part of the requests that took no longer")
            .y_desc("milliseconds")
            .x_labels(NINES as usize + 1)
            .x_label_formatter(&part)
            .draw()?;
        for (number, (name, times)) in measured.iter().enumerate() {
            let colour = Palette99::pick(number).to_rgba();
            let curve = (0..=500).map(|step| {
                let nines = f64::from(step) * NINES / 500.0;
                let percentile = 100.0 - 100.0 * 10_f64.powf(-nines);
                (nines, milliseconds(times.histogram.value_at_percentile(percentile)))
            });
            chart
                .draw_series(LineSeries::new(curve, colour.stroke_width(2)))?
                .label(name.as_str())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        area.present()?;
    }
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails there says where")]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_there_are_times() {
        let mut histogram = Histogram::new_with_bounds(1000, 1_000_000_000, 3).unwrap();
        histogram.record_n(1_000_000, 100).unwrap();
        histogram.record_n(1_001_000, 100).unwrap();
        histogram.record_n(4_100_000, 50).unwrap();
        let text = bars(&histogram);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with(&format!("{} 200", "█".repeat(50))), "{text}");
        assert!(lines.last().unwrap().ends_with(" 50"), "{text}");
        assert_eq!(lines.len(), 5, "{text}");
    }
}
