//! How long the rules take, without anything that is read: one workload, and a whole cluster of 10,000 pods.
#![expect(clippy::unwrap_used, reason = "a bench stops when what it measures does not work")]

mod cluster;

use std::hint::black_box;

use criterion::Criterion;
use diagnosis::Redactor;

use cluster::Cluster;

/// Pods of the cluster.
const PODS: usize = 10_000;
/// Beginnings of what is looked for, none of which comes to its end.
const HOSTILE: &str =
    "token=${-----BEGIN A-----AAAA eyJ-a.a@b.://u:Bearer --token [redacted:sk-cookie: \\\"auth:";
/// A survey takes long enough to be measured few times.
const SURVEYS: usize = 10;

fn main() {
    let cluster = Cluster::generate(PODS);
    let redactor = Redactor::new([7; 32]);
    let mut criterion = Criterion::default().configure_from_args();

    let objects = cluster.broken_workload();
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
    let mut group = criterion.benchmark_group("whole cluster");
    group.sample_size(SURVEYS);
    group.bench_function("survey of 10,000 pods", |it| {
        it.iter(|| diagnosis::survey(black_box(&snapshot), vec![], &redactor));
    });
    group.finish();
    criterion.final_summary();
}
