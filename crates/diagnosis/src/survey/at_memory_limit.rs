//! A container uses nearly all the memory that its limit allows: what takes more is killed.
//!
//! ## What it looks for
//! Where a metrics server tells what containers use, and somebody asks for notices: a container whose working set is at
//! least 95 % of its memory limit in two pods of its workload, or in the only one. A notice: pages of files that are
//! read often count in, and the kernel takes those back before it kills.
//!
//! ## What it does not see
//! A program that is told how much it may take (a heap of the JVM, of Node.js or of Go, the memory of a cache): that it
//! takes that is no news. One that was killed for it already, which its own rule tells. Jobs and pods of nobody; what
//! was started in the last five minutes; a limit as large as the node. A leak that has not come so far.

use k8s_openapi::api::core::v1::Container;
use types::{AnyFault, ClusterFault, Fault, Finding};

use super::at_limit::{Measured, used_up};
use super::scene::Scene;
use crate::confidence;
use crate::outline::memory;

/// One mebibyte.
const MIB: u64 = 1024 * 1024;
/// What tells a program how much memory it may take.
const BOUNDS: [&str; 8] = [
    "-Xmx",
    "RAMPercentage",
    "MaxHeapSize",
    "GOMEMLIMIT",
    "max-old-space-size",
    "maxmemory",
    "memory-limit",
    "innodb_buffer_pool_size",
];

pub(super) fn survey(scene: &Scene<'_>) -> Vec<Finding> {
    let measured = Measured {
        resource: "memory",
        fault: ClusterFault::AtMemoryLimit,
        number: memory,
        used: |it| it.memory_bytes,
        shown: |it| format!("{} MiB", it / MIB),
        least: MIB,
        is_meant: is_bounded,
        of: "of memory",
        so: "it is killed as soon as it takes more",
        sure: confidence::SYMPTOM,
    };
    let is_killed = |it: &Finding| {
        let of = |own: &&Finding| own.subject == it.subject && own.container == it.container;
        let killed = AnyFault::Workload(Fault::OomKilled);
        scene.workload_findings.iter().filter(of).any(|it| it.fault == killed)
    };
    used_up(&measured, scene).into_iter().filter(|it| !is_killed(it)).collect()
}

/// Whether the program is told how much memory it may take.
fn is_bounded(container: &Container) -> bool {
    let words = container.command.iter().chain(&container.args).flatten();
    let env = container.env.iter().flatten();
    let env = env.flat_map(|it| [Some(&it.name), it.value.as_ref()]).flatten();
    words.chain(env).any(|word| BOUNDS.iter().any(|it| word.contains(it)))
}
