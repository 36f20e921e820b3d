//! Each fault against an echo server.

use super::*;

/// Echoes each connection until it ends.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut bytes = [0; 1024];
                while let Ok(read) = stream.read(&mut bytes) {
                    if read == 0 || stream.write_all(&bytes[..read]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    addr
}

fn through(proxy: &Proxy, limit: Duration) -> TcpStream {
    let stream = TcpStream::connect(proxy.addr()).unwrap();
    stream.set_read_timeout(Some(limit)).unwrap();
    stream
}

fn echoed(stream: &mut TcpStream) -> io::Result<Duration> {
    let asked = Instant::now();
    stream.write_all(b"hello")?;
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes)?;
    assert_eq!(&bytes, b"hello");
    Ok(asked.elapsed())
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

#[test]
fn without_a_fault_bytes_pass_both_ways() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut stream = through(&proxy, LONG);
    for _ in 0..100 {
        echoed(&mut stream).unwrap();
    }
    assert_eq!(proxy.shared.state().open.len(), 1);
    assert_eq!(proxy.bitten(), 0);
}

#[test]
fn a_stalled_wire_carries_nothing_and_everything_afterwards() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut stream = through(&proxy, SHORT);
    echoed(&mut stream).unwrap();
    proxy.set(Fault::Stall);
    assert_eq!(proxy.bitten(), 0, "there was nothing to hold up yet");
    echoed(&mut stream).unwrap_err();
    assert!(proxy.bitten() > 0);
    proxy.set(Fault::None);
    assert_eq!(proxy.bitten(), 0, "it belongs to the fault of the moment");
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
}

#[test]
fn half_open_the_question_arrives_and_the_answer_does_not() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).unwrap();
    proxy.set(Fault::HalfOpen);
    let mut stream = through(&proxy, SHORT);
    stream.write_all(b"ask").unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut bytes = [0; 3];
    server.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"ask");
    server.write_all(b"say").unwrap();
    stream.read_exact(&mut bytes).unwrap_err();
    assert_eq!(proxy.bitten(), 1, "only the answer was held up");
    proxy.set(Fault::None);
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"say");
}

#[test]
fn cut_and_refused_connections_end_and_come_back_when_mended() {
    let proxy = Proxy::start(echo()).unwrap();
    for fault in [Fault::Cut, Fault::Refuse] {
        let mut stream = through(&proxy, LONG);
        echoed(&mut stream).unwrap();
        proxy.set(fault);
        echoed(&mut stream).unwrap_err();
        assert!(proxy.bitten() > 0, "{fault:?}");
        let until = Instant::now() + LONG;
        if fault == Fault::Refuse {
            while TcpStream::connect(proxy.addr()).is_ok() {
                assert!(Instant::now() < until, "still listening");
            }
        } else {
            echoed(&mut through(&proxy, LONG)).unwrap_err();
        }
        proxy.set(Fault::None);
        loop {
            let again = TcpStream::connect(proxy.addr());
            if again.is_ok_and(|mut stream| echoed(&mut stream).is_ok()) {
                break;
            }
            assert!(Instant::now() < until, "not back");
        }
    }
}

#[test]
fn delayed_and_slow_wires_take_at_least_their_time() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut stream = through(&proxy, LONG);
    proxy.set(Fault::Delay(Duration::from_millis(50)));
    assert!(echoed(&mut stream).unwrap() >= Duration::from_millis(100));
    assert_eq!(proxy.bitten(), 2, "once each way");
    proxy.set(Fault::Slow { bytes_per_s: 50 });
    assert!(echoed(&mut stream).unwrap() >= Duration::from_millis(200));
    assert!(proxy.bitten() >= 2);
}
