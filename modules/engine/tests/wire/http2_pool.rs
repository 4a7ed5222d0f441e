//! HTTP/2: how many streams there are, over how many connections, and who waits for one.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::join_all;
use tauraro_engine::http::client::PoolLimits;
use tauraro_engine::{Body, ErrorKind};

use crate::http2_peer::{
    DATA, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, Peer, REFUSED_STREAM, limited, pause, server,
    server_allowing, transport,
};
use crate::support::{LONG, RawServer, SHORT, failure, fetch, get, request, run};

/// Allows so many streams, answers as many at a time and notes how many there were at most. One more is
/// refused, and counted.
fn strict(allowed: usize) -> (RawServer, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (most, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, count) = (Arc::clone(&most), Arc::clone(&refused));
    let server = server_allowing(u32::try_from(allowed).expect("a number"), move |peer, _| {
        let mut open = Vec::new();
        loop {
            let frame = peer.next(HEADERS)?;
            open.push(frame.stream);
            seen.fetch_max(open.len(), Ordering::SeqCst);
            if open.len() > allowed {
                count.fetch_add(1, Ordering::SeqCst);
                peer.reset(frame.stream, REFUSED_STREAM)?;
                open.pop();
            } else if open.len() == allowed {
                pause();
                for stream in open.drain(..) {
                    peer.answer(stream, "ok")?;
                }
            }
        }
    });
    (server, most, refused)
}

#[test]
fn no_more_streams_than_allowed_from_the_first_request_on() {
    let (server, most, refused) = strict(4);
    let transport = transport();
    let outcomes = run(join_all((0..40).map(|_| fetch(&transport, get(&server.url("/"))))));
    for outcome in outcomes {
        assert_eq!(outcome.expect("an answer").text(), "ok");
    }
    assert_eq!((most.load(Ordering::SeqCst), refused.load(Ordering::SeqCst)), (4, 0));
    assert_eq!(server.accepted(), 1);
}

#[test]
fn further_connections_when_the_streams_are_used_up() {
    for (max_http2_connections, connections) in [(Some(1), 1), (Some(3), 3), (None, 5)] {
        let (go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let server = server_allowing(2, move |peer, _| {
            let mut open = vec![peer.request()?, peer.request()?];
            let _ = wait.lock().expect("a lock").recv_timeout(LONG);
            loop {
                for stream in open.drain(..) {
                    peer.answer(stream, "ok")?;
                }
                open.push(peer.request()?);
            }
        });
        let transport = limited(PoolLimits { max_http2_connections, ..PoolLimits::default() });
        let outcomes = run(async {
            let asked = join_all((0..10).map(|_| fetch(&transport, get(&server.url("/")))));
            let released = async {
                while server.accepted() < connections {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                tokio::time::sleep(SHORT).await;
                for _ in 0..connections {
                    go.send(()).expect("the server waits");
                }
            };
            tokio::join!(asked, released).0
        });
        for outcome in outcomes {
            assert_eq!(outcome.expect("an answer").text(), "ok");
        }
        assert_eq!(server.accepted(), connections, "{max_http2_connections:?}");
    }
}

#[test]
fn connections_of_both_versions_count() {
    let server = server_allowing(1, |peer, _| {
        loop {
            let stream = peer.request()?;
            pause();
            peer.answer(stream, "ok")?;
        }
    });
    let max_connections = Some(2);
    let transport =
        limited(PoolLimits { max_connections, max_http2_connections: None, ..PoolLimits::default() });
    for outcome in run(join_all((0..6).map(|_| fetch(&transport, get(&server.url("/")))))) {
        assert_eq!(outcome.expect("an answer").text(), "ok");
    }
    assert_eq!(server.accepted(), 2);
}

/// Allows one stream and tells of each; answers when told to.
fn one_at_a_time() -> (RawServer, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let server = server_allowing(1, move |peer: &mut Peer, _| {
        loop {
            let stream = peer.request()?;
            wait.lock().expect("a lock").recv_timeout(LONG).map_err(io::Error::other)?;
            peer.answer(stream, "ok")?;
        }
    });
    (server, go)
}

#[test]
fn waiting_for_a_stream_times_out() {
    let (server, go) = one_at_a_time();
    let transport = transport();
    run(async {
        let held = fetch(&transport, get(&server.url("/")));
        let waiting = async {
            tokio::time::sleep(SHORT).await;
            let mut request = get(&server.url("/"));
            request.timeouts.pool = Some(SHORT);
            failure(fetch(&transport, request).await, ErrorKind::PoolTimeout);
            go.send(()).expect("the server waits");
        };
        tokio::join!(held, waiting).0.expect("an answer");
        go.send(()).expect("the server waits");
        fetch(&transport, get(&server.url("/"))).await.expect("the stream is free");
    });
}

#[test]
fn first_come_first_served() {
    let (server, go) = one_at_a_time();
    let transport = transport();
    let order = Arc::new(Mutex::new(Vec::new()));
    run(async {
        let exchanges = (0..6_u32).map(|n| {
            let (transport, server, order, go) = (&transport, &server, Arc::clone(&order), &go);
            async move {
                // Each one is certain to wait before the next one asks.
                tokio::time::sleep(SHORT * n).await;
                fetch(transport, get(&server.url("/"))).await.expect("an answer");
                order.lock().expect("a lock").push(n);
                // Only now is the next one answered, so that answers are seen in their order.
                go.send(()).expect("the server waits");
            }
        });
        let start = async {
            tokio::time::sleep(SHORT * 7).await;
            go.send(()).expect("the server waits");
        };
        tokio::join!(join_all(exchanges), start);
    });
    assert_eq!(*order.lock().expect("a lock"), (0..6).collect::<Vec<_>>());
}

#[test]
fn those_who_stop_waiting_take_nothing_with_them() {
    let (server, go) = one_at_a_time();
    let transport = transport();
    run(async {
        let mut held = Box::pin(fetch(&transport, get(&server.url("/"))));
        assert!(tokio::time::timeout(SHORT, &mut held).await.is_err());
        let mut waiting: Vec<_> =
            (0..10).map(|_| Box::pin(fetch(&transport, get(&server.url("/"))))).collect();
        for exchange in &mut waiting {
            // Each stands in the queue now.
            let pending = tokio::time::timeout(Duration::from_millis(1), exchange).await;
            assert!(pending.is_err());
        }
        // All but the last two leave it: one before its turn, and one just as it is its turn.
        waiting.drain(..8);
        go.send(()).expect("the server waits");
        held.await.expect("an answer");
        let mut next = waiting.remove(0);
        let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending));
        drop(next);
        go.send(()).expect("the server waits");
        go.send(()).expect("the server waits");
        waiting.remove(0).await.expect("an answer");
    });
    assert_eq!(server.accepted(), 1);
}

#[test]
fn limits_that_change_are_kept_to() {
    let most = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&most);
    let server = server_allowing(2, move |peer, _| {
        for allowed in [2, 1, 5] {
            peer.settings(&[(MAX_CONCURRENT_STREAMS, allowed)])?;
            let allowed = allowed as usize;
            for _ in 0..2 {
                let mut open = vec![peer.request()?];
                while open.len() < allowed {
                    open.push(peer.request()?);
                }
                seen.lock().expect("a lock").push(open.len());
                let last = open.pop();
                for stream in open {
                    peer.answer(stream, "ok")?;
                }
                // The limit is lowered while streams are open.
                if let Some(last) = last {
                    peer.answer(last, "ok")?;
                }
            }
        }
        peer.linger();
        Ok(())
    });
    let transport = transport();
    let outcomes = run(join_all((0..16).map(|_| fetch(&transport, get(&server.url("/"))))));
    assert!(outcomes.into_iter().all(|outcome| outcome.is_ok()));
    assert_eq!(most.lock().expect("a lock").len(), 6);
    assert_eq!(server.accepted(), 1);
}

#[test]
fn a_window_below_zero_is_waited_out() {
    let server = server(|peer, _| {
        let stream = peer.next(HEADERS)?.stream;
        let mut received = 0;
        while received < 65_535 {
            received += peer.next(DATA)?.payload.len();
        }
        // The window is used up; now it is 55,535 below zero.
        peer.settings(&[(INITIAL_WINDOW_SIZE, 10_000)])?;
        peer.window_update(0, 1 << 20)?;
        peer.window_update(stream, 55_535)?;
        pause();
        peer.window_update(stream, 34_465)?;
        while received < 100_000 {
            received += peer.next(DATA)?.payload.len();
        }
        peer.answer(stream, &received.to_string())?;
        peer.linger();
        Ok(())
    });
    let mut upload = request("PUT", &server.url("/"));
    upload.body = Body::Bytes(vec![0; 100_000].into());
    assert_eq!(run(fetch(&transport(), upload)).expect("an answer").text(), "100000");
}

#[test]
fn a_peer_that_takes_nothing_times_out() {
    let server = server(|peer, _| {
        peer.linger();
        Ok(())
    });
    let mut upload = request("PUT", &server.url("/"));
    upload.body = Body::Bytes(vec![0; 1 << 20].into());
    upload.timeouts.write = Some(SHORT);
    failure(run(fetch(&transport(), upload)), ErrorKind::WriteTimeout);
}

#[test]
fn responses_that_nobody_reads_hold_up_no_others() {
    let server = server(|peer, _| {
        // As much as fits into the window of each stream.
        loop {
            let stream = peer.request()?;
            peer.head(stream, 200, &[], false)?;
            for _ in 0..64 {
                peer.data(stream, &[7; 16 * 1024], false)?;
            }
            peer.data(stream, b"", true)?;
        }
    });
    let transport = transport();
    run(async {
        let mut unread = Vec::new();
        for _ in 0..20 {
            unread.push(transport.send(get(&server.url("/"))).await.expect("a head"));
        }
        assert_eq!(fetch(&transport, get(&server.url("/"))).await.expect("an answer").body.len(), 1 << 20);
        for mut response in unread {
            assert_eq!(response.body.read_to_end().await.expect("a body").len(), 1 << 20);
        }
    });
}

#[test]
fn many_small_bodies_before_they_are_read() {
    let server = server_allowing(1_000, |peer, _| {
        loop {
            let mut open = Vec::new();
            while open.len() < 1_000 {
                open.push(peer.request()?);
            }
            for stream in open {
                peer.head(stream, 200, &[], false)?;
                peer.data(stream, b"ok", false)?;
                peer.data(stream, b"", true)?;
            }
        }
    });
    let transport = transport();
    for outcome in run(join_all((0..1_000).map(|_| fetch(&transport, get(&server.url("/")))))) {
        assert_eq!(outcome.expect("an answer").text(), "ok");
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn idle_connections_expire() {
    let (report, gone) = mpsc::channel();
    let server = server(move |peer, _| {
        let stream = peer.request()?;
        peer.answer(stream, "ok")?;
        peer.linger();
        let _ = report.send(());
        Ok(())
    });
    let keepalive_expiry = Some(Duration::from_millis(50));
    let transport = limited(PoolLimits { keepalive_expiry, ..PoolLimits::default() });
    for _ in 0..2 {
        run(fetch(&transport, get(&server.url("/")))).expect("an answer");
        // Nobody asks for it, and it is closed all the same.
        gone.recv_timeout(LONG).expect("the connection is closed");
    }
    assert_eq!(server.accepted(), 2);
}

#[test]
fn keeping_none_alive() {
    let server = server(|peer, _| {
        let stream = peer.request()?;
        peer.answer(stream, "ok")?;
        peer.linger();
        Ok(())
    });
    let transport = limited(PoolLimits { max_keepalive_connections: Some(0), ..PoolLimits::default() });
    for round in 1..=3 {
        run(fetch(&transport, get(&server.url("/")))).expect("an answer");
        assert_eq!(server.accepted(), round);
    }
}
