#!/usr/bin/env python3
"""Checks a published draw: verify_draw.py RECORD LIST [STANDINGS]

A second implementation of `spillway verify-draw`, written apart from the first, for people who would rather
read one page than trust a program. It needs Python 3 and no network. docs/fairness.md explains each step.
Exit code 0: everything was recomputed and is equal. 1: something differs, or could not be recomputed.
"""
import hashlib
import json
import sys

H = lambda data: hashlib.sha256(data).digest()
GENESIS, PERIOD = 1692803367, 3  # drand quicknet
failed = False


def check(equal, what):
    global failed
    failed = failed or not equal
    print("ok     " if equal else "WRONG  ", what)
    return equal


def claim(what):
    print("claim  ", what)


def canonical(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return (text + "\n").encode()


def fans_of(standings):
    fans = [json.loads(line) for line in standings.decode().split("\n")[:-1]]
    good = b"".join(canonical(fan) for fan in fans) == standings
    codes = [fan["code"] for fan in fans]
    check(good and codes == sorted(set(codes)), "the standings are canonical lines, sorted, one for each fan")
    return fans


def ranking(fans, award, record):
    """Everyone who can win, best first: sort keys, then the code."""
    seed, mode, among = bytes.fromhex(record["seed"]), award["mode"], award["among"]
    lot = lambda code: H(b"spillway/lot/v1\0" + seed + code)
    ticket = lambda code, n: H(b"spillway/ticket/v1\0" + seed + code + n.to_bytes(4, "big"))
    timed = record["ranking"] == "second_then_lot"
    ranked = []
    for fan in fans:
        code = bytes.fromhex(fan["code"])
        inside = {"joined": "joined" in fan, "answered": fan["answered"] > 0, "correct": fan["correct"] > 0}
        if mode != "top" and not inside[among]:
            continue
        first = fan.get("joined", fan["first"]) if among == "joined" else fan["first"]
        if mode == "draw":
            key = (ticket(code, 0),)
        elif mode == "weighted":
            key = (min(ticket(code, n) for n in range(min(max(fan["correct"], 1), 12))),)
        elif mode == "top":
            key = (-fan["points"], fan["elapsed"], -fan["correct"], lot(code))
        elif mode == "fastest":
            key = (fan["at"] if timed else 0, lot(code))
        else:  # nth, every
            key = (first if timed else 0, lot(code))
        ranked.append((key, code, fan))
    return [fan for _, _, fan in sorted(ranked, key=lambda entry: entry[:2])]


def walk(ranked, award, trust_all):
    """Winners and those passed over, slot by slot; who already held a prize is the record's word."""
    claimed = {entry["code"]: entry["reason"] for entry in award["passed"]}
    mode, k = award["mode"], award.get("k", 1)
    if mode == "nth":
        slots = 1 if len(ranked) >= k else 0
    else:
        slots = min(award["most"], len(ranked) // k) if mode == "every" else min(award["n"], len(ranked))
    winners, passed, place = [], [], k - 1 if mode == "nth" else 0
    for slot in range(1, slots + 1):
        end = len(ranked)
        if mode == "every":
            place, end = k * slot - 1, min(k * slot - 1 + k, len(ranked))
        while place < end:
            fan, place = ranked[place], place + 1
            claim, bar = claimed.get(fan["code"]), fan.get("bar")
            if claim and (trust_all or (claim == "already_holds" and bar is None)):
                bar = claim
            if bar is None:
                winners.append({"code": fan["code"], "place": place, "slot": slot})
                break
            passed.append({"code": fan["code"], "place": place, "reason": bar})
    return winners, passed


def main(record_file, list_file, standings_file=None):
    read = lambda name: open(name, "rb").read()
    raw, listed = read(record_file), read(list_file)
    standings = read(standings_file) if standings_file else listed if listed[:1] == b"{" else None
    record = json.loads(raw)
    check(canonical(record) == raw and record["protocol"] == "draw_v1", "the record is canonical")
    print("       its SHA-256 is", H(raw).hex())
    fans = None
    if standings is not None:
        check(H(standings).hex() == record["standings"], "the standings file is the one that the record names")
        fans = fans_of(standings)
    if listed[:1] == b"{":
        listed = "".join(fan["code"] + "\n" for fan in fans).encode()
    codes = listed.decode().split("\n")[:-1]
    check("".join(c + "\n" for c in codes).encode() == listed and codes == sorted(set(codes)), "the list is sorted")
    check(H(listed).hex() == record["list"] and len(codes) == record["count"], "R and the number of entrants")
    if fans is not None and record["corrects"] is None:
        check([fan["code"] for fan in fans] == codes, "the standings are those of the list's entrants")

    secret, promise, beacon = bytes.fromhex(record["s"]), record["commitment"], record["beacon"]
    listed_at = record["listed_at"]
    if promise and "single" in promise:
        text = (record["campaign"] + "\0" + record["draw"] + "\0").encode()
        check(H(b"spillway/commit/v1\0" + text + secret).hex() == promise["single"], "the secret was committed to")
        claim(f"C {promise['single']} was published before the first round: compare with what was published then")
    elif promise:
        root, links = secret, promise["links"]
        # Each draw has one place in the chain: round NN has NN, the final draw the last, which no round has.
        place = {"final": links, **{f"round-{n:02}": n for n in range(1, min(links, 1 << 16))}}.get(record["draw"])
        for _ in range(place or 0):
            root = H(root)
        own = place == promise["index"] and place > 0 and root.hex() == promise["chain"]
        check(own, f"the secret is link {place} of {links} of the chain committed to, the one of {record['draw']}")
        claim(f"s_0 {promise['chain']} and its {links} links were published before the first round: compare with what "
              "was published then")
    else:
        claim("nothing was committed to beforehand")
    if listed_at is not None:
        claim(f"R {record['list']} of {record['count']} entrants stood at {listed_at}, before the secret was revealed: "
              "compare with what was published then")
    needs = {"L0": True, "L1": promise and not beacon, "L2": promise and beacon}
    check(bool(needs[record["level"]]), "the record has what level " + record["level"] + " needs")
    if beacon:
        # A round is fixed by its seal, the final draw by its list; and nobody knew the value when the list stood.
        fixed = listed_at if record["draw"] == "final" else record["sealed_at"]
        due = -(-(fixed + 60 - GENESIS) // PERIOD) + 1
        fair = beacon["round"] == due and fixed + 60 >= GENESIS and listed_at < GENESIS + (due - 1) * PERIOD
        check(fair, "the beacon's round is the one fixed by the seal, and the list stood before it was out")
        claim(f"the beacon's value of round {beacon['round']}; compare it with drand's")
    if record["fallback"]:
        claim(f"{record['fallback']['actor']} went on without the beacon: {record['fallback']['reason']}")
    b = (beacon["value"] if beacon else "none").encode()
    seed = H(b"spillway/seed/v1\0" + secret + bytes.fromhex(record["list"]) + len(b).to_bytes(4, "big") + b)
    check(seed.hex() == record["seed"], "S is " + seed.hex())

    for award in record["awards"]:
        name = f"award {award['prize']} ({award['mode']})"
        of_list = award["mode"] == "draw" and award["among"] == record["entrants"] and record["corrects"] is None
        if fans is None and not of_list:
            check(False, name + ": not checked, the ranking needs answers: give the standings file")
            continue
        whole = [{"code": c, "joined": 0, "answered": 1, "correct": 0, "first": 0} for c in codes]
        ranked = ranking(fans if fans is not None else whole, award, record)
        same = walk(ranked, award, fans is None) == (award["winners"], award["passed"])
        check(same, f"{name}: {len(award['winners'])} winner(s) among {len(ranked)}")
        for entry in award["passed"]:
            claim(f"{name}: place {entry['place']} was passed over: {entry['reason']}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        print("WRONG   the files cannot be read:", repr(error))
        sys.exit(1)
