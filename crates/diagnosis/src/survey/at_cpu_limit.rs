//! A container uses all the CPU that its limit allows, so that the kernel makes it wait.
//!
//! ## What it looks for
//! Where a metrics server tells what containers use, and somebody asks for notices: a container that uses at least 95 %
//! of its CPU limit in two pods of its workload, or in the only one. A notice: a measurement of some seconds decides
//! nothing.
//!
//! ## What it does not see
//! Jobs and pods of nobody, which may well use all that they get; what was started in the last five minutes, since most
//! programs work hardest at their start. A limit as large as the node, and one that is too small to be measured. What
//! is held back in short bursts and uses little on average.

use types::{ClusterFault, Finding};

use super::at_limit::{Measured, used_up};
use super::scene::Scene;
use crate::confidence;
use crate::outline::cpu;

/// Below so many thousandths the rounding of a measurement is more than what is left to the limit.
const LEAST_MILLIS: u64 = 10;

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let measured = Measured {
        resource: "cpu",
        fault: ClusterFault::AtCpuLimit,
        number: cpu,
        used: |it| it.cpu_millis,
        shown: |it| format!("{it}m"),
        least: LEAST_MILLIS,
        is_meant: |_| false,
        of: "of CPU",
        so: "it is probably slowed down",
        sure: confidence::PARTLY,
    };
    used_up(&measured, scene)
}
