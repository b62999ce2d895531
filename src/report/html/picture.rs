//! The picture of a benchmark: a ring of its controls by status, the score in it, the coverage beside it.

use crate::audit::finding::Judged;
use crate::audit::verdict::Status;

use super::super::words;
use super::{Page, class};

/// Draws it, with the numbers as a list: nothing is told by colour alone.
pub(super) fn donut(page: &mut Page, judged: &Judged) {
    let counts = &judged.controls;
    let total: usize = Status::ALL.iter().map(|status| counts.count(*status)).sum();
    let score = words::score(judged);
    let shown = score.clone().unwrap_or_else(|| "–".to_owned());
    page.raw("<div class=\"picture\">\n<svg viewBox=\"0 0 120 120\" role=\"img\" aria-label=\"score ");
    page.text(&shown).raw("\">\n<circle class=\"ring\" cx=\"60\" cy=\"60\" r=\"48\"/>\n");
    let mut before = 0;
    for status in Status::ALL {
        let count = counts.count(status);
        if count > 0 {
            // Lengths are thousandths of the ring, in whole numbers: the same on every machine.
            let (from, to) = (before * 1000 / total.max(1), (before + count) * 1000 / total.max(1));
            page.raw(&format!(
                "<circle class=\"arc s-{}\" cx=\"60\" cy=\"60\" r=\"48\" pathLength=\"1000\" stroke-dasharray=\"{} \
                 1000\" stroke-dashoffset=\"-{from}\" transform=\"rotate(-90 60 60)\"/>\n",
                class(status),
                (to - from).saturating_sub(if count == total { 0 } else { 4 }).max(2),
            ));
        }
        before += count;
    }
    page.raw("<text x=\"60\" y=\"64\" class=\"score\">").text(&shown);
    page.raw("</text>\n<text x=\"60\" y=\"80\" class=\"label\">score</text>\n</svg>\n<div class=\"numbers\">\n<ul class=\"legend\">\n");
    for status in Status::ALL {
        page.raw(&format!(
            "<li><span class=\"dot s-{}\"></span>{} <b>{}</b></li>\n",
            class(status),
            words::status(status),
            counts.count(status)
        ));
    }
    page.raw("</ul>\n</div>\n</div>\n");
    coverage(page, judged);
}

fn coverage(page: &mut Page, judged: &Judged) {
    let share = words::percent(judged.controls.coverage);
    let number = share.trim_end_matches(" %");
    page.raw(&format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 3\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect \
         class=\"back\" width=\"100\" height=\"3\"/><rect class=\"fill\" width=\"{number}\" height=\"3\"/></svg>\n"
    ));
    match words::score(judged) {
        Some(score) => page.raw(&format!(
            "<p class=\"caption\"><b>{score}</b> of the controls that pass or fail pass; <b>{share}</b> of the \
             controls were decided (coverage).</p>\n"
        )),
        None => page.raw(&format!(
            "<p class=\"caption\">No control passes or fails; <b>{share}</b> of the controls were decided \
             (coverage).</p>\n"
        )),
    };
}
