//! How long the rules take, without anything that is read: one workload, and a whole cluster of 10,000 pods. Fails
//! where one workload takes longer than its goal.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops when what it measures does not work"
)]

mod cluster;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use criterion::Criterion;
use diagnosis::{Objects, Redactor};

use cluster::Cluster;

/// Pods of the cluster.
const PODS: usize = 10_000;
/// Beginnings of what is looked for, none of which comes to its end.
const HOSTILE: &str =
    "token=${-----BEGIN A-----AAAA eyJ-a.a@b.://u:Bearer --token [redacted:sk-cookie: \\\"auth:";
/// A survey takes long enough to be measured few times.
const SURVEYS: usize = 10;
/// The goal of one workload's diagnosis, and how often it is made for that.
const DIAGNOSED: Duration = Duration::from_millis(5);
const DIAGNOSES: usize = 101;

fn main() -> ExitCode {
    let cluster = Cluster::generate(PODS);
    println!("{}", cluster.size());
    let common = cluster.common();
    let redactor = Redactor::new([7; 32]);
    let mut criterion = Criterion::default().configure_from_args();

    let crashing = common.deployments(cluster::crashes);
    let objects = common.around(crashing.first().unwrap());
    let evidence = diagnosis::gather(&objects, &redactor);
    assert!(!diagnosis::diagnose(&evidence).is_empty(), "nothing is found");
    criterion.bench_function("evidence to diagnoses, one workload", |it| {
        it.iter(|| diagnosis::diagnose(black_box(&evidence)));
    });
    criterion.bench_function("objects to evidence, one workload among 10,000 pods", |it| {
        it.iter(|| diagnosis::gather(black_box(&objects), &redactor));
    });

    // Twice the text takes twice as long, however hostile it is.
    for length in [64 << 10, 128 << 10] {
        let text = HOSTILE.repeat(length / HOSTILE.len());
        criterion.bench_function(&format!("redaction of {length} hostile letters"), |it| {
            it.iter(|| redactor.redact(black_box(&text)));
        });
    }

    let snapshot = cluster.snapshot();
    let workloads = common.findings(&redactor);
    let n_found = workloads.len();
    assert!(0 < n_found, "no workload is in trouble");
    let mut group = criterion.benchmark_group("whole cluster");
    group.sample_size(SURVEYS);
    let what = format!("survey of 10,000 pods, notices too, with {n_found} findings of workloads");
    group.bench_function(&what, |it| {
        it.iter(|| diagnosis::survey(black_box(&snapshot), workloads.clone(), &redactor));
    });
    group.finish();
    criterion.final_summary();
    diagnosed(&objects, &redactor)
}

/// Whether one workload's diagnosis is made in time, from what was read to what is wrong.
fn diagnosed(objects: &Objects, redactor: &Redactor) -> ExitCode {
    let mut took: Vec<Duration> = (0..DIAGNOSES)
        .map(|_| {
            let begin = Instant::now();
            black_box(diagnosis::diagnose(&diagnosis::gather(black_box(objects), redactor)));
            begin.elapsed()
        })
        .collect();
    took.sort();
    let median = took.get(DIAGNOSES / 2).copied().unwrap_or_default();
    println!("one workload's diagnosis (goal: {DIAGNOSED:?}): median {median:.1?}");
    if DIAGNOSED < median {
        println!("It is above its goal (was the machine busy with something else?)");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
