//! The `spillway` binary: arguments, configuration, wiring, supervision, admin API.
//!
//! Nothing is judged here. `run` puts the roles together and watches over them; commands that act ask a
//! running node; commands that read history read the log itself.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// A command line prints: that is what it is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod acts;
mod address;
mod admin;
mod args;
mod beacon;
mod campaigns;
mod client;
mod config;
mod corrections;
mod failure;
mod history;
mod log;
mod node;
mod operate;
mod retry;
mod rounds;
mod sealed;
mod settings;
mod spool;
mod status;
mod stock;
mod verify_draw;

use args::{
    AwardCommand, CampaignCommand, Cli, Command, DeadLettersCommand, LogCommand, SpoolCommand,
    StageCommand,
};
use clap::Parser as _;
use failure::Failure;
use std::io::BufWriter;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Wrong arguments end here with exit code 2, help and version with 0.
    let cli = Cli::parse();
    match dispatch(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("spillway: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    match command {
        Command::Run(args) => {
            drop(out);
            node::run(&args)
        }
        Command::Config(command) => settings::run(&command),
        Command::Campaign(command) => match command {
            CampaignCommand::Check { files, at } => campaigns::check(&files, at.as_deref()),
            CampaignCommand::Try { file, text, at } => {
                campaigns::try_text(&file, &text, at.as_deref())
            }
            CampaignCommand::Publish {
                file,
                expect_version,
                reason,
                node,
            } => acts::publish(&file, expect_version, &reason, &node),
            CampaignCommand::Show { id, file, node } => acts::show(id.as_deref(), file, &node),
        },
        Command::Log(LogCommand::Cat {
            topic,
            partition,
            from,
            to,
            history,
        }) => history::cat(&topic, partition, from, to, &history, &mut out),
        Command::Log(LogCommand::Stats { json, history }) => {
            history::stats(json, &history, &mut out)
        }
        Command::Export(args) => {
            drop(out);
            history::export(&args)
        }
        Command::DeadLetters(DeadLettersCommand::List { topic, history }) => {
            history::list_dead_letters(topic.as_deref(), &history, &mut out)
        }
        Command::DeadLetters(DeadLettersCommand::Show {
            topic,
            place,
            history,
        }) => history::show_dead_letter(&topic, &place, &history, &mut out),
        Command::DeadLetters(DeadLettersCommand::Retry(args)) => retry::run(&args),
        Command::Results(args) => history::results(&args, &mut out),
        Command::Round(command) => rounds::run(&command),
        Command::Rule(command) => operate::rule(&command),
        Command::Ladder(command) => operate::ladder(&command),
        Command::Clock(command) => operate::clock(&command),
        Command::Award(words) => match words.command {
            Some(AwardCommand::Show(args)) => stock::award(&args),
            None => rounds::award(&words.step),
        },
        Command::Stock(command) => stock::run(&command),
        Command::Rescore(args) => history::rescore(&args, &mut out),
        Command::Explain(args) => history::explain(&args, &mut out),
        Command::Topics(command) => log::topics(&command, &mut out),
        Command::Spool(SpoolCommand::Drain(args)) => spool::run(&args, &mut out),
        Command::Status(args) => status::run(&args),
        Command::VerifyDraw(args) => verify_draw::run(&args, &mut out),
        Command::Stage(StageCommand::Continue {
            name,
            allow,
            reason,
            node,
        }) => acts::continue_stage(&name, allow, &reason, &node),
    }
}
