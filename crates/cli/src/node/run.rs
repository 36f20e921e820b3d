//! `run`: the roles put together, watched, and taken down in order.

use super::directory::{contest_key, node_id, random_id};
use super::edge;
use super::kept::Kept;
use super::shown::Shown;
use super::signals::Signals;
use super::stages::Stages;
use super::status::Sources;
use super::voice::{Voice, Words};
use crate::admin::{self, Admin, Tokens};
use crate::args::{ClockArg, RunArgs};
use crate::config::{Clock, Config, Role};
use crate::failure::{Failure, io};
use crate::history::Steps;
use crate::log::Held;
use crate::settings;
use control::Control;
use control::presence::Presence;
use coordinator::Coordinator;
use ingress::Ingress;
use record::hexed::Hex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use telemetry::health::Policy;
use telemetry::{Condition, Health, Registry};
use toml::Value;

/// How often the watch looks.
const WATCH: Duration = Duration::from_millis(200);

/// Runs a node until it is told to stop, or something breaks that must end it.
///
/// # Errors
/// What kept it from starting, or ended it.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let config = configure(args)?;
    let format = if config.json {
        telemetry::logs::Format::Json
    } else {
        telemetry::logs::Format::Text
    };
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    telemetry::logs::init(format, &config.level, ansi).map_err(Failure::wrong)?;
    let signals = Signals::listen().map_err(io("listen for signals"))?;
    std::fs::create_dir_all(&config.data)
        .map_err(io(format!("make the directory {}", config.data.display())))?;
    let node = Node::start(config)?;
    let ended = node.watch(&signals);
    node.stop();
    ended
}

fn configure(args: &RunArgs) -> Result<Config, Failure> {
    let mut layers = settings::layers(args.config.as_deref());
    let text = |value: Option<String>| value.map(Value::from);
    layers.flag(
        "data",
        "--data",
        text(args.data.as_ref().map(|path| path.display().to_string())),
    );
    layers.flag(
        "ingress.listen",
        "--listen",
        text(args.listen.map(|address| address.to_string())),
    );
    layers.flag(
        "admin.listen",
        "--admin",
        text(args.admin.map(|address| address.to_string())),
    );
    let clock = args.clock.map(|clock| match clock {
        ClockArg::Wall => "wall".to_owned(),
        ClockArg::Rehearsal => "rehearsal".to_owned(),
    });
    layers.flag("clock", "--clock", text(clock));
    let roles: Vec<Value> = args
        .roles
        .iter()
        .map(|role| Value::from(role.trim()))
        .collect();
    layers.flag(
        "roles",
        "--roles",
        (!roles.is_empty()).then_some(Value::Array(roles)),
    );
    let accept = args.accept_corruption.then_some(Value::from(true));
    layers.flag(
        "log.journal.accept_corruption",
        "--accept-corruption",
        accept,
    );
    Config::from_layers(&layers, &settings::secret).map_err(|mistakes| settings::wrong(&mistakes))
}

/// A thread that runs as long as the node, and what it is called.
type Thread = (&'static str, JoinHandle<()>);

/// A node that runs.
struct Node {
    held: Arc<Held>,
    control: Arc<Control>,
    shown: Shown,
    kept: Option<Kept>,
    voice: Voice,
    stages: Stages,
    ingress: Option<Arc<Ingress>>,
    admin: Admin,
    health: Health,
    /// Good once ingress knows what is in force.
    following: Option<Condition>,
    /// Stops the threads that need the log until the very end: control and coordinator.
    stop: Arc<AtomicBool>,
    threads: Vec<Thread>,
}

impl Node {
    fn start(config: Config) -> Result<Self, Failure> {
        let tokens = Tokens::prepare(&config.data)?;
        let (node, boot) = (node_id(&config.data)?, random_id()?);
        let held = Arc::new(Held::open(&config, &node.to_string())?);
        let log = held.log();
        let (registry, health) = (Registry::new(), Health::new());
        let shown = Shown::register(&registry).map_err(Failure::wrong)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (control, follower) = control::follow(&log, &stop)?;
        let mut threads = vec![("control", follower)];
        let kept = Kept::new(&config, log.id().to_string(), Arc::clone(&control));
        let mut coordinator = None;
        if config.has(Role::Coordinator) {
            let metrics = coordinator::Metrics::new(&registry).map_err(Failure::wrong)?;
            let key = match config.contest_key {
                Some(key) => key,
                None => contest_key(&config.data)?,
            };
            let settings = coordinating(&config, (node, boot), key);
            let steps = Arc::new(Steps);
            let started = Coordinator::start(settings, &log, &control, metrics, steps, &stop)?;
            let (handle, thread) = started;
            coordinator = Some(handle);
            threads.push(("coordinator", thread));
        }
        let stages = Stages::start(&config, &log, &registry)?;
        let mut following = None;
        let mut ingress = None;
        if config.has(Role::Ingress) {
            // Ready only once control was read to its end: then this node is a member of every seal to come.
            let condition = health.condition("control", Policy::AT_ONCE);
            condition.bad("control was not read to its end yet");
            let restored = held.began_away() && kept.as_ref().is_some_and(Kept::restore);
            if restored || edge::caught_up(&control, held.began_away()) {
                condition.good();
            }
            following = Some(condition);
            let around = edge::Around {
                held: &held,
                control: &control,
                registry: &registry,
                health: &health,
                id: (node, boot),
            };
            ingress = Some(edge::start(&config, &around)?);
        }
        let sources = Arc::new(Sources {
            node,
            boot,
            held: Arc::clone(&held),
            config: config.clone(),
            health: health.clone(),
            control: Arc::clone(&control),
            coordinator: coordinator.clone(),
            stages: stages.watched(),
        });
        let context = admin::Context {
            tokens,
            metrics: Box::new(move || registry.render()),
            ready: {
                let health = health.clone();
                Box::new(move || health.ready())
            },
            stages: stages
                .watched()
                .into_iter()
                .map(|watched| watched.status)
                .collect(),
            status: Box::new(move || sources.document()),
            coordinator,
            control: Arc::clone(&control),
            me: (node, boot),
            log: Arc::clone(&log),
        };
        let admin = admin::start(config.admin, context)?;
        if let Some(unreachable) = config.unreachable() {
            tracing::warn!("{unreachable}");
        }
        let roles = config.roles.iter().map(|role| role.name().to_owned());
        let voice = Voice::start(Words {
            presence: Presence::new(&*log, node, boot)?,
            roles: roles.collect(),
            admin: config.admin_address(admin.address),
            held: Arc::clone(&held),
            control: Arc::clone(&control),
            ingress: ingress.as_ref().map(Arc::downgrade),
        })?;
        if let Some(ingress) = &ingress {
            println!("ingress http://{}/wechat/{{account}}", ingress.addr());
        }
        println!("admin http://{}", admin.address);
        Ok(Self {
            held,
            control,
            shown,
            kept,
            voice,
            stages,
            ingress,
            admin,
            health,
            following,
            stop,
            threads,
        })
    }

    /// Watches until a signal comes, or something breaks that must end the process.
    fn watch(&self, signals: &Signals) -> Result<(), Failure> {
        let started = Instant::now();
        let mut said_ready = false;
        loop {
            if let Some(signal) = signals.wait(WATCH) {
                tracing::info!(signal, "stopping");
                return Ok(());
            }
            self.notice_control();
            if !said_ready && self.can_work() {
                said_ready = true;
                println!("ready");
                tracing::info!(after_ms = started.elapsed().as_millis(), "ready");
            }
            if let Some(reason) = self.broken() {
                tracing::error!(reason, "the node must end");
                return Err(Failure::away(reason));
            }
        }
    }

    /// Takes in that control was read, shows it, and keeps what it says.
    fn notice_control(&self) {
        self.shown.look(&self.control, Instant::now());
        if let (Some(following), true) = (&self.following, self.control.caught_up()) {
            following.good();
        }
        if let Some(kept) = &self.kept {
            kept.write();
        }
    }

    /// Ready as load balancers mean it; a process without ingress has also read control.
    fn can_work(&self) -> bool {
        let knows = self.following.is_some() || self.control.caught_up();
        knows && self.health.ready().is_ok()
    }

    /// Only ingress, the journal's writer of `inbound`, a log that is another one, or a broken invariant of memory,
    /// which is a thread that has ended although it was not asked to, end the process.
    fn broken(&self) -> Option<String> {
        if let Some(stage) = self.stages.broken() {
            return Some(format!("the thread of stage {stage} has ended by itself"));
        }
        if self
            .ingress
            .as_ref()
            .is_some_and(|ingress| ingress.is_broken())
        {
            return Some("a thread of ingress has ended by itself".to_owned());
        }
        if let Some(refusal) = self.held.refusal() {
            return Some(refusal);
        }
        if let Some(failure) = self.control.failure() {
            return Some(format!("control cannot be followed: {failure}"));
        }
        let ended = self.voice.is_finished().then_some(Voice::NAME);
        let ended = ended.or_else(|| finished(&self.threads));
        ended.map(|name| format!("the thread of {name} has ended by itself"))
    }

    /// Takes the node down in order: what feeds first, what holds last.
    fn stop(self) {
        self.voice.hush();
        let mut left = 0;
        if let Some(ingress) = self.ingress {
            let stopped = edge::alone(ingress).stop();
            tracing::info!(?stopped, "ingress has stopped");
            left = stopped.spool.map_or(0, |closed| closed.backlog.records);
        }
        self.stages.stop();
        self.voice.end(left);
        self.stop.store(true, Ordering::Release);
        for (name, thread) in self.threads {
            if thread.join().is_err() {
                tracing::error!(name, "the thread panicked");
            }
        }
        self.admin.stop();
        self.held.close();
        tracing::info!("stopped");
    }
}

fn coordinating(
    config: &Config,
    (node, boot): (Hex<8>, Hex<8>),
    key: coordinator::Key,
) -> coordinator::Config {
    coordinator::Config {
        partitions: config.log.partitions,
        clock: match config.clock {
            Clock::Wall => coordinator::Clock::Wall,
            Clock::Rehearsal => coordinator::Clock::Rehearsal,
        },
        now: edge::wall_seconds,
        node,
        boot,
        key,
    }
}

/// A thread that has ended.
fn finished(threads: &[Thread]) -> Option<&'static str> {
    let mut threads = threads.iter();
    threads
        .find(|(_, thread)| thread.is_finished())
        .map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_thread_that_panics_is_noticed() {
        let ((end, ended), (go, panics)) = (channel::<()>(), channel::<()>());
        let waits = move |asked: std::sync::mpsc::Receiver<()>| assert!(asked.recv().is_err());
        let threads = [
            ("control", std::thread::spawn(move || waits(ended))),
            (
                "coordinator",
                std::thread::spawn(move || {
                    assert!(panics.recv().is_err());
                    std::panic::resume_unwind(Box::new("broken"))
                }),
            ),
        ];
        assert_eq!(finished(&threads), None);
        drop(go);
        let deadline = Instant::now() + Duration::from_secs(20);
        while finished(&threads).is_none() {
            assert!(Instant::now() < deadline, "it is not noticed");
            std::thread::park_timeout(Duration::from_millis(1));
        }
        assert_eq!(finished(&threads), Some("coordinator"));
        drop(end);
        let [(_, control), (_, coordinator)] = threads;
        assert!(control.join().is_ok() && coordinator.join().is_err());
    }
}
