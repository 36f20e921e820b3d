//! `run`: the roles put together, watched, and taken down in order.

use super::directory::{log_dir, node_id, random_id};
use super::progress;
use super::signals::Signals;
use super::stages::Stages;
use super::status::Sources;
use super::topics;
use crate::admin::{self, Admin, Tokens};
use crate::args::{ClockArg, RunArgs};
use crate::config::{Clock, Config, Role};
use crate::failure::{Failure, io};
use crate::settings;
use control::Control;
use control::presence::Presence;
use coordinator::Coordinator;
use ingress::{Deps, Ingress};
use msglog::Log;
use msglog::journal::Journal;
use record::hexed::Hex;
use record::topics::INBOUND;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use telemetry::{Health, Registry};
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

/// A node that runs.
struct Node {
    journal: Arc<Journal>,
    control: Arc<Control>,
    presence: Arc<Presence>,
    stages: Stages,
    ingress: Option<Arc<Ingress>>,
    admin: Admin,
    health: Health,
    /// Stops the threads that need the log until the very end: control and coordinator.
    stop: Arc<AtomicBool>,
    /// Stops the thread that says PROGRESS.
    stop_progress: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    progress: Option<JoinHandle<()>>,
}

impl Node {
    fn start(config: Config) -> Result<Self, Failure> {
        let tokens = Tokens::prepare(&config.data)?;
        let journal = Journal::open(&log_dir(&config.data), topics::journal(&config))?;
        let log: Arc<dyn Log> = journal.clone();
        let (node, boot) = (node_id(&config.data)?, random_id()?);
        let (registry, health) = (Registry::new(), Health::new());
        let stop = Arc::new(AtomicBool::new(false));
        let (control, follower) = control::follow(&log, &stop)?;
        let mut threads = vec![follower];
        let mut coordinator = None;
        if config.has(Role::Coordinator) {
            let settings = coordinator::Config {
                partitions: config.partitions,
                clock: match config.clock {
                    Clock::Wall => coordinator::Clock::Wall,
                    Clock::Rehearsal => coordinator::Clock::Rehearsal,
                },
                now: wall_seconds,
            };
            let (handle, thread) = Coordinator::start(settings, &log, &control, &stop)?;
            coordinator = Some(handle);
            threads.push(thread);
        }
        let stages = Stages::start(&config, &log, &registry)?;
        let presence = Arc::new(Presence::new(&*log, node, boot)?);
        let ingress = start_ingress(&config, &log, &control, &registry, &health, (node, boot))?;
        let sources = Arc::new(Sources {
            node,
            boot,
            log: Arc::clone(&log),
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
        };
        let admin = admin::start(config.admin, context)?;
        let roles: Vec<String> = config
            .roles
            .iter()
            .map(|role| role.name().to_owned())
            .collect();
        presence.hello(&roles, &admin.address.to_string())?;
        let stop_progress = Arc::new(AtomicBool::new(false));
        let mut progress = None;
        if let Some(ingress) = &ingress {
            let heard = Arc::clone(ingress);
            let median = move || heard.median_create_time();
            let said = progress::start(Arc::clone(&presence), median, Arc::clone(&stop_progress));
            progress = Some(said.map_err(io("start the progress thread"))?);
            println!("ingress http://{}/wechat/{{account}}", ingress.addr());
        }
        println!("admin http://{}", admin.address);
        Ok(Self {
            journal,
            control,
            presence,
            stages,
            ingress,
            admin,
            health,
            stop,
            stop_progress,
            threads,
            progress,
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
            if !said_ready && self.control.caught_up() && self.health.ready().is_ok() {
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

    /// Only ingress, the journal's writer of `inbound`, or a broken invariant of memory end the process.
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
        if let Some(refusal) = self.journal.refusal(INBOUND) {
            return Some(format!(
                "{refusal}; start again: what is durable is kept, see docs/journal.md"
            ));
        }
        self.control
            .failure()
            .map(|failure| format!("control cannot be followed: {failure}"))
    }

    /// Takes the node down in order: what feeds first, what holds last.
    fn stop(self) {
        self.stop_progress.store(true, Ordering::Release);
        if let Some(thread) = self.progress {
            thread.thread().unpark();
            drop(thread.join());
        }
        if let Some(ingress) = self.ingress.and_then(Arc::into_inner) {
            let stopped = ingress.stop();
            tracing::info!(?stopped, "ingress has stopped");
        }
        self.stages.stop();
        if let Err(error) = self.presence.bye(0) {
            tracing::warn!(%error, "the node could not say goodbye");
        }
        self.stop.store(true, Ordering::Release);
        for thread in self.threads {
            drop(thread.join());
        }
        self.admin.stop();
        self.journal.close();
        tracing::info!("stopped");
    }
}

fn start_ingress(
    config: &Config,
    log: &Arc<dyn Log>,
    control: &Arc<Control>,
    registry: &Registry,
    health: &Health,
    (node, boot): (Hex<8>, Hex<8>),
) -> Result<Option<Arc<Ingress>>, Failure> {
    if !config.has(Role::Ingress) {
        return Ok(None);
    }
    // Ready only once control was read to its end: then this node is a member of every seal to come.
    let following = health.condition("control", telemetry::health::Policy::AT_ONCE);
    following.bad("control was not read to its end yet");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !control.caught_up() && control.failure().is_none() && Instant::now() < deadline {
        control.wait_until(WATCH, |_| control.caught_up());
    }
    if control.caught_up() {
        following.good();
    }
    let mut settings = ingress::IngressConfig::new(config.listen, node, boot);
    settings.threads = config.threads;
    settings.ack_budget = Duration::from_millis(config.ack_budget_ms);
    settings.head_timeout = Duration::from_millis(config.request_timeout_ms);
    settings.body_timeout = Duration::from_millis(config.request_timeout_ms);
    settings.connections_max = config.max_connections;
    settings.rehearsal = config.clock == Clock::Rehearsal;
    settings.accounts = config
        .accounts
        .iter()
        .map(|account| ingress::AccountConfig {
            account: account.wire.clone(),
            default_reply: account.default_reply.clone(),
        })
        .collect();
    let deps = Deps {
        log: Arc::clone(log),
        hedge: None,
        snapshot: control.snapshot(),
        registry: registry.clone(),
        health: health.clone(),
        now_us: wall_micros,
        random: fill_random,
    };
    Ingress::start(&settings, &deps)
        .map(|ingress| Some(Arc::new(ingress)))
        .map_err(|error| match error {
            ingress::StartError::AccountTwice(_) => Failure::wrong(error),
            _ => Failure::away(error),
        })
}

/// One of the two homes of the wall clock.
fn wall_micros() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.ok()
        .and_then(|now| i64::try_from(now.as_micros()).ok())
        .unwrap_or(0)
}

fn wall_seconds() -> i64 {
    wall_micros().div_euclid(1_000_000)
}

fn fill_random(bytes: &mut [u8; 24]) {
    // Nonces need only differ; the clock stands in should the system's randomness fail.
    if getrandom::fill(bytes).is_err() {
        bytes[..8].copy_from_slice(&wall_micros().to_le_bytes());
    }
}
