#!/usr/bin/env bash
# The Fan Festival of 9 April 2013, played through a node on a fresh directory, and what became of every message.
# Usage: deploy/demo.sh [MESSAGES] [journal|kafka]. BIN names the directory of the binaries, DEMO that of the run; LISTEN
# and ADMIN are the node's addresses, COMPRESS divides the time of the event.
# On kafka the log stands at one real broker, which is started here and ends with this script.
set -euo pipefail

messages=${1:-2800000}
backend=${2:-journal}
bin=${BIN:-bin}
demo=${DEMO:-demo-data}
# Bytes on disk per message of the event, measured: recording, log, ledger, export and state together.
need_per_message=4500
node=$demo/node
surge=$demo/fanfest.jsonl

case $messages in *[!0-9]* | '') echo "MESSAGES must be a number, not '$messages'" >&2; exit 2 ;; esac
case $backend in journal | kafka) ;; *) echo "the log stands on journal or kafka, not '$backend'" >&2; exit 2 ;; esac

need=$((messages * need_per_message / 1048576 + 2048))
rm -rf "$demo"
mkdir -p "$demo"
free=$(($(df -Pk "$demo" | awk 'NR == 2 { print $4 }') / 1024))
if [ "$free" -lt "$need" ]; then
  echo "the demo needs $need MiB of disk in $demo and finds $free; free some, name another place with DEMO=DIR," \
    "or play a smaller event with MESSAGES=280000" >&2
  exit 3
fi

say() { printf '\n== %s\n' "$*"; }
phases=()
began=
phase() { began=$(date +%s.%N); say "$2"; name=$1; }
done_phase() {
  local took
  took=$(echo "$(date +%s.%N) $began" | awk '{ printf "%.1f", $1 - $2 }')
  phases+=("{\"name\":\"$name\",\"seconds\":$took}")
}

pid=
child=
broker_pid=
# The broker ends when its standard input does: with this script, however that ends.
exec {broker_end}>/dev/null
stop_broker() {
  [ -n "$broker_pid" ] || return 0
  exec {broker_end}>&-
  wait "$broker_pid" || true
  broker_pid=
}
# Runs a command so that a signal to this script ends it at once: bash would first wait for one in its foreground.
run() {
  local code=0
  "$@" {broker_end}>&- &
  child=$!
  wait "$child" || code=$?
  child=
  return "$code"
}
stop() {
  local left
  trap '' INT TERM HUP
  for left in $child $pid $broker_pid; do kill -9 "$left" 2>/dev/null || true; done
  for left in $child $pid $broker_pid; do wait "$left" 2>/dev/null || true; done
}
interrupted() { echo >&2; echo "interrupted: whatever the demo had started is ended; its files are in $demo" >&2; exit "$1"; }
trap stop EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP

# Two free ports on the loopback.
port() { for p in $(seq "$1" "$(($1 + 99))"); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }; done; }
config=$surge.spillway.toml
# What names the log to whoever reads it.
where=(--data "$node")
log=$node/log
listen=${LISTEN:-127.0.0.1:$(port 18080)}
admin=${ADMIN:-127.0.0.1:$(port 18180)}

phase generate "generate: $messages messages, with edges, follows and re-deliveries"
run "$bin/surge" generate fanfest-0409 --messages "$messages" --compress "${COMPRESS:-1}" --out "$surge"
done_phase

if [ "$backend" = kafka ]; then
  phase broker "broker: Apache Kafka, one node, on $demo/broker"
  log=$demo/broker
  mkfifo "$demo/broker.in"
  "$bin/spillway-broker" --nodes 1 --data "$log" --heap 1024 <"$demo/broker.in" >"$demo/broker.out" 2>"$demo/broker.log" &
  broker_pid=$!
  exec {broker_end}>&- {broker_end}>"$demo/broker.in"
  # The first time its jars are fetched, which takes a minute.
  for _ in $(seq 3000); do
    grep -qx ready "$demo/broker.out" && break
    kill -0 "$broker_pid" 2>/dev/null || { cat "$demo/broker.log" >&2; exit 3; }
    sleep 0.1
  done
  bootstrap=$(sed -n 's/^bootstrap //p' "$demo/broker.out")
  [ -n "$bootstrap" ] || { echo "the broker did not become ready; see $demo/broker.log" >&2; exit 3; }
  config=$demo/kafka.toml
  where=(--config "$config")
  cat "$surge.spillway.toml" - >"$config" <<TOML

[log]
backend = "kafka"

[log.kafka]
bootstrap = ["${bootstrap//,/\", \"}"]
# One broker: nothing is held twice. For a demo.
replication = 1
min_insync_replicas = 1
single_broker = true
# The rehearsal goes through the log once for each second of the event: two hours of them would spend
# minutes in gathering alone.
linger_ms = 1
TOML
  run "$bin/spillway" topics create --config "$config"
  done_phase
fi

phase start "run: a node on $node, its log on $backend, a rehearsal clock, the campaign published"
"$bin/spillway" run --config "$config" --data "$node" --clock rehearsal --listen "$listen" --admin "$admin" \
  >"$demo/node.out" 2>"$demo/node.log" {broker_end}>&- &
pid=$!
for _ in $(seq 300); do
  grep -qx ready "$demo/node.out" && break
  kill -0 "$pid" 2>/dev/null || { cat "$demo/node.log" >&2; exit 3; }
  sleep 0.1
done
# Acts wait for a node that leads: at once on the journal, within 10 s on kafka.
for _ in $(seq 150); do
  "$bin/spillway" status --node "$admin" --json 2>/dev/null | grep -q '"leads":true' && break
  sleep 0.1
done
run "$bin/spillway" campaign publish "$surge.campaign.toml" --expect-version 0 --reason "the demo" --node "$admin" --data "$node"
done_phase

phase replay "replay: as fast as the node answers, keep-alive"
replayed=0
run "$bin/surge" replay "$surge" --target "http://$listen/wechat/mi" --token demo --speed max \
  --clock "http://$admin" --clock-token "$node/admin.token" --ledger "$demo/ledger.jsonl" --report "$demo/report.json" || replayed=$?
done_phase

phase drain "drain: the consumers reach the end of the log"
behind=-1
for _ in $(seq 1200); do
  status=$("$bin/spillway" status --node "$admin" --json || true)
  behind=$(grep -o '"lag_records":[0-9]*' <<<"$status" | cut -d: -f2 | awk '{ sum += $1 } END { print NR ? sum : -1 }')
  [ "$behind" = 0 ] && break
  printf '\r   %s records behind ' "$behind"
  sleep 0.25
done
[ "$behind" = 0 ] || { echo "the consumers did not reach the end; see $demo/node.log" >&2; exit 1; }
# What dedup wrote last, quiz must have read: both stood at the end twice.
sleep 0.3
# The last seal waits for the node, for quiz, and for the rounds before.
rounds=$(grep -c '^\[\[round\]\]' "$surge.campaign.toml")
results=0
for _ in $(seq 240); do
  results=$("$bin/spillway" results fanfest-2013-04-09 --json "${where[@]}" | grep -o '"draw":"round-[0-9]*"' | sort -u | wc -l)
  [ "$results" = "$rounds" ] && break
  sleep 0.25
done
[ "$results" = "$rounds" ] || { echo "$results of $rounds rounds have a result; see $demo/node.log" >&2; exit 1; }
# Their units follow them at once.
winners=$("$bin/spillway" results fanfest-2013-04-09 --json "${where[@]}" | grep -o '"winners":\[[^]]*' | grep -o '"slot":' | wc -l)
given=0
for _ in $(seq 240); do
  given=$("$bin/spillway" log cat control "${where[@]}" | grep -c '"state":"awarded"' || true)
  [ "$given" -ge "$winners" ] && break
  sleep 0.25
done
[ "$given" -ge "$winners" ] || { echo "$given of $winners winners have a unit; see $demo/node.log" >&2; exit 1; }
done_phase

phase export "export: every topic without bodies, the digest recomputed"
run "$bin/spillway" export --without-bodies --out "$demo/export" "${where[@]}"
done_phase

phase results "results: the winners, computed again from the shares in the log, and every record from its published files"
run "$bin/spillway" results fanfest-2013-04-09 --html "$demo/results" "${where[@]}" >"$demo/results.txt"
for record in "$demo"/results/round-*.record.json; do
  draw=${record%.record.json}
  "$bin/spillway" verify-draw "$record" "$draw.list.txt" --standings "$draw.standings.jsonl" >"$draw.verified.txt" ||
    { cat "$draw.verified.txt"; exit 1; }
done
echo "$(find "$demo/results" -name '*.verified.txt' | wc -l) records verified"
done_phase

peak=$(($(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status") * 1024))
phase stop "stop: SIGTERM, and the node drains"
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
pid=
[ "$code" = 0 ] || { echo "the node ended with $code; see $demo/node.log" >&2; exit 1; }
stop_broker
done_phase

phase reconcile "reconcile: what was sent, what was acked, what the node has"
reconciled=0
run "$bin/surge" reconcile --manifest "$surge.manifest.json" --ledger "$demo/ledger.jsonl" --export "$demo/export" \
  --json "$demo/verdict.json" >"$demo/reconcile.txt" || reconciled=$?
[ -s "$demo/verdict.json" ] || { cat "$demo/reconcile.txt"; exit "$reconciled"; }
done_phase

bytes() { du -sb "$1" | cut -f1; }
log_bytes=$(bytes "$log")
# A broker's files have holes.
[ "$backend" = journal ] || log_bytes=$(du -s -B1 "$log" | cut -f1)
cat >"$demo/phases.json" <<JSON
{"phases":[$(IFS=,; echo "${phases[*]}")],"peak_memory_bytes":$peak,
 "disk_bytes":{"recording":$(bytes "$surge"),"log":$log_bytes,"state":$(bytes "$node/state"),
 "ledger":$(bytes "$demo/ledger.jsonl"),"export":$(bytes "$demo/export")}}
JSON

echo
table=0
"$bin/surge" demo-table --report "$demo/report.json" --verdict "$demo/verdict.json" --phases "$demo/phases.json" || table=$?

echo
awk '/ round [0-9]+: / { line = sprintf("round %-4s%8s on the list %8s right   phone to …", $3, $4, $10); next }
  $1 == "phone" { $1 = ""; print line substr($0, 2) }' "$demo/results.txt"
echo "Winners by the last digits of their entrant codes; each draw step by step, for the camera: $demo/results/index.html"

# Nobody hangs up on grep: its end by a broken pipe would be the script's.
fan=$(grep -m 1000 -o 'FromUserName><!\[CDATA\[[^]]*' "$surge" | tail -n 1 | sed 's/.*\[//')
if [ "$backend" = journal ]; then
  cat <<TEXT

The node's directory is $node. Look into it:
  $bin/spillway results fanfest-2013-04-09 --provisional --data $node
  $bin/spillway explain --data $node --fan $fan
  $bin/spillway log cat control --data $node
  $bin/spillway log stats --data $node
  $bin/spillway run --data $node --config $config --clock rehearsal    # then, beside it: $bin/spillway status
TEXT
else
  cat <<TEXT

The log stands in the broker's files, $log; the broker has ended with the demo. The node's directory is $node,
its configuration $config.
TEXT
fi

[ "$replayed" = 0 ] && [ "$reconciled" = 0 ] && [ "$table" = 0 ]
