//! Whole fixes, from the order to the end, each in a cluster of its own.

mod verdicts;
mod strategies;
mod cpu;
mod leftovers;
mod races;
mod accepted;
mod claims;
mod lost;
mod stopping;
mod refusals;
mod room;
mod registry;
mod sets;
mod tainted;
mod config_maps;
mod services;
mod orders;
mod people;
mod replicas;
mod stopping_replicas;
mod explained;
mod meddling;
mod node_mates;
mod budget;
mod node_down;
mod canaries;
