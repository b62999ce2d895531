//! Scenario files: good ones load, bad ones are told what is wrong with them.

use std::path::Path;

use iamlab::scenario::Scenario;
use iamlab::source::render;

#[test]
fn the_lab_loads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/iam-auditing");
    Scenario::load(&path, &[]).map_err(|d| render(&d, false)).unwrap_or_else(|e| panic!("{e}"));
}
