//! Benchmarks: ratios within one run on one machine, as tables for people and as JSON for machines. Nothing here
//! passes or fails on a time; a process that fails does, and a message that was not counted.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tables on the terminal are what this program is for"
)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod brokers;
mod contest;
mod driven;
mod echo;
mod failure;
mod folds;
mod ingress;
mod journal;
mod kafka;
mod kafka_consumers;
mod kafka_loss;
mod latency;
mod load;
mod machine;
mod memory;
mod node;
mod produce;
mod rebuild;
mod report;
mod requests;
mod rescore;
mod sample;
mod seals;
mod server;
mod synth;

use clap::{CommandFactory as _, Parser, Subcommand};
use failure::{Failure, tried};
use report::Place;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measures the parts of Spillway against plain ones on this machine. `spillway` and `surge` must stand beside this
/// program; figures also go to `target/benches/NAME.json`.
#[derive(Debug, Parser)]
#[command(name = "benches", version, max_term_width = 100)]
struct Benches {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Requests per second of ingress against a bare echo: with and without consumers, kept connections
    /// and one per message; safe mode beside plain
    Ingress {
        /// Seconds of a run with all consumers; other runs take a quarter
        #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
        /// Repetitions, interleaved; medians are shown
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
        rounds: u64,
        /// Only this part
        #[arg(long, value_enum, value_name = "PART")]
        only: Option<ingress::Part>,
        /// This number of connections on every side, instead of the one of several that saturates it
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=16_384))]
        connections: Option<u16>,
    },
    /// Ack latency of the event's first two minutes at real time, at half the saturating rate
    Latency,
    /// Records per second and processor time of the journal against plain write and fdatasync
    Journal,
    /// Records per second of dedup and of quiz
    Folds {
        /// Synthetic deliveries
        #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
        count: u64,
        /// Repetitions; medians are shown
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
        rounds: u64,
    },
    /// Seconds from the decision to seal a round to its result, on the journal
    Seals {
        /// Fans who answer the round
        #[arg(long, value_name = "N", default_value_t = 70_000, value_parser = clap::value_parser!(u64).range(24..=10_000_000))]
        fans: u64,
        /// Repetitions; medians are shown
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
        rounds: u64,
    },
    /// Candidates scored and ranked, texts classified, each beside a bare hash; one thread
    Contest {
        /// Candidates of a round
        #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
        candidates: u64,
        /// Messages of the event whose texts are classified
        #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
        texts: u64,
        /// Repetitions, sides in turns; medians are shown
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
        rounds: u64,
    },
    /// Seconds that dedup and quiz need to rebuild their states from the log of a stopped node
    Rebuild {
        /// Directory of the node; its state directories, caches of the log, are deleted
        #[arg(long, value_name = "DIR")]
        node: PathBuf,
        /// The node's configuration file, when it has other partitions than the default
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Seconds that `spillway rescore` needs to count a stopped node's rounds again from their messages
    Rescore {
        /// Directory of the node
        #[arg(long, value_name = "DIR")]
        node: PathBuf,
        /// Id of the campaign
        #[arg(long, value_name = "ID", default_value = "fanfest-2013-04-09")]
        campaign: String,
        /// Repetitions; each is shown
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
        rounds: u64,
    },
    /// Peak memory of a node for surges of one, two and four times a length
    Memory {
        /// Seconds of the shortest surge
        #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
    },
    /// Ingress on Kafka against a bare server that gives the raw body to the same brokers; acks at half the rate
    Kafka {
        /// Seconds of a run
        #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
        /// Repetitions, interleaved; medians are shown
        #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=100))]
        rounds: u64,
        /// Brokers, all on this machine
        #[arg(long, value_name = "1|3", default_value_t = 1, value_parser = brokers)]
        brokers: u8,
        /// Shortly, to see that it works
        #[arg(long)]
        quick: bool,
    },
    /// Acks at 4,000 messages a second while one of three brokers is killed and comes back
    KafkaBrokerLoss {
        /// Shortly, to see that it works
        #[arg(long)]
        quick: bool,
    },
    /// dedup on Kafka beside dedup on the journal
    KafkaConsumers {
        /// Synthetic deliveries
        #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
        count: u64,
        /// Repetitions, interleaved; medians are shown
        #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=100))]
        rounds: u64,
        /// Shortly, to see that it works
        #[arg(long)]
        quick: bool,
    },
    /// All of them, one after the other, without those on Kafka; rebuild and rescore on a node that was just filled
    All {
        /// Runs everything shortly, to see that it works: the figures are worth little
        #[arg(long)]
        quick: bool,
    },
    /// The bare echo server of `ingress`
    #[command(hide = true)]
    EchoServer {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// The bare server of `kafka`
    #[command(hide = true)]
    ProduceServer {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        #[arg(long, value_delimiter = ',')]
        bootstrap: Vec<String>,
        #[arg(long)]
        prefix: String,
        #[arg(long)]
        replication: u16,
    },
}

/// Two brokers make no quorum that survives one of them.
fn brokers(text: &str) -> Result<u8, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("1 or 3".to_owned()),
    }
}

fn main() -> ExitCode {
    let Some(command) = Benches::parse().command else {
        return match Benches::command().print_help() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(failure::AWAY),
        };
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("benches: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    machine::raise_open_files();
    if let Some(served) = bare_server(&command) {
        return served;
    }
    let place = Place::find()?;
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    match command {
        Command::Ingress {
            seconds,
            rounds,
            only,
            connections,
        } => {
            let mut plan = ingress::Plan::of(seconds, count(rounds));
            plan.parts = only.map_or(plan.parts, |part| vec![part]);
            if let Some(connections) = connections {
                plan.connections = vec![usize::from(connections)];
            }
            ingress::run(&place, &plan)
        }
        Command::Latency => latency::run(&place, &latency::Plan::full()),
        Command::Journal => journal::run(&place, &journal::Plan::full()),
        Command::Folds {
            count: deliveries,
            rounds,
        } => folds::run(
            &place,
            &folds::Plan {
                count: deliveries,
                rounds: count(rounds),
            },
        ),
        Command::Seals { fans, rounds } => seals::run(&place, fans, count(rounds)),
        Command::Contest {
            candidates,
            texts,
            rounds,
        } => contest::run(&place, &contest::Plan::of(candidates, texts, count(rounds))),
        Command::Rebuild { node, config } => rebuild::run(&place, &node, config.as_deref()),
        Command::Rescore {
            node,
            campaign,
            rounds,
        } => rescore::run(&place, &node, &campaign, count(rounds)),
        Command::Memory { seconds } => memory::run(&place, seconds),
        Command::All { quick } => all(&place, quick),
        Command::Kafka {
            seconds,
            rounds,
            brokers,
            quick,
        } => {
            let plan = kafka::Plan::of(seconds, count(rounds), usize::from(brokers));
            kafka::run(&place, &if quick { kafka::Plan::quick() } else { plan })
        }
        Command::KafkaBrokerLoss { quick: true } => {
            kafka_loss::run(&place, &kafka_loss::Plan::quick())
        }
        Command::KafkaBrokerLoss { quick: false } => {
            kafka_loss::run(&place, &kafka_loss::Plan::full())
        }
        Command::KafkaConsumers { quick: true, .. } => kafka_consumers::run(&place, 20_000, 1),
        Command::KafkaConsumers {
            count: deliveries,
            rounds,
            ..
        } => kafka_consumers::run(&place, deliveries, count(rounds)),
        Command::EchoServer { .. } | Command::ProduceServer { .. } => Ok(()),
    }
}

/// The servers that others are compared with; `None` for a benchmark.
fn bare_server(command: &Command) -> Option<Result<(), Failure>> {
    match command {
        Command::EchoServer { listen } => {
            Some(echo::serve(*listen).map_err(tried(format!("listen on {listen}"))))
        }
        Command::ProduceServer {
            listen,
            bootstrap,
            prefix,
            replication,
        } => {
            let replicas = (*replication, if *replication < 3 { 1 } else { 2 });
            let (bootstrap, prefix) = (bootstrap.clone(), prefix.clone());
            let config = brokers::shipped(bootstrap, prefix, replicas, brokers::inbound());
            Some(produce::serve(*listen, config))
        }
        _ => None,
    }
}

fn all(place: &Place, quick: bool) -> Result<(), Failure> {
    let (filling, memory_s) = if quick { (2, 1) } else { (60, 30) };
    if quick {
        println!("quick: everything is run, its figures are worth little");
        journal::run(place, &journal::Plan::quick())?;
        folds::run(
            place,
            &folds::Plan {
                count: 20_000,
                rounds: 1,
            },
        )?;
        seals::run(place, 1_000, 1)?;
        contest::run(place, &contest::Plan::of(20_000, 5_000, 1))?;
        ingress::run(place, &ingress::Plan::quick())?;
        latency::run(place, &latency::Plan::quick())?;
    } else {
        journal::run(place, &journal::Plan::full())?;
        folds::run(
            place,
            &folds::Plan {
                count: 500_000,
                rounds: 3,
            },
        )?;
        seals::run(place, 70_000, 3)?;
        contest::run(place, &contest::Plan::of(1_000_000, 200_000, 5))?;
        ingress::run(place, &ingress::Plan::of(60, 3))?;
        latency::run(place, &latency::Plan::full())?;
    }
    memory::run(place, memory_s)?;
    let scratch = place.scratch()?;
    let node = scratch.path().join("node");
    sample::saturating_rate(place, Duration::from_secs(filling), Some(&node))?;
    rebuild::run(place, &node, None)?;
    rescore::sealed(place, &node)?;
    rescore::run(
        place,
        &node,
        "fanfest-2013-04-09",
        if quick { 1 } else { 3 },
    )
}
