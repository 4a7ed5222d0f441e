use std::thread;
use std::time::{Duration, Instant};

use super::*;

#[test]
fn many_threads_wait_at_once() {
    let threads: Vec<_> = (0..8_u64)
        .map(|n| {
            thread::spawn(move || {
                for _ in 0..50 {
                    let output = block_on(async move {
                        tokio::time::sleep(Duration::from_micros(100)).await;
                        n
                    })
                    .unwrap();
                    assert_eq!(output, n);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a waiting thread panicked");
    }
}

#[test]
fn background_tasks_proceed_while_no_thread_waits() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let job: Job = Box::pin(async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let _ = sender.send(());
    });
    spawn_all(vec![job]).unwrap();
    receiver.recv_timeout(Duration::from_secs(30)).expect("the task never ran");
}

#[test]
fn jobs_that_begin_together_do_not_wait_for_each_other() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(3));
    let job = |n: u32| -> Job {
        let (sender, barrier) = (sender.clone(), std::sync::Arc::clone(&barrier));
        Box::pin(async move {
            barrier.wait().await;
            let _ = sender.send(n);
        })
    };
    spawn_all(vec![job(1), job(2), job(3)]).unwrap();
    let mut ended: Vec<_> =
        (0..3).map(|_| receiver.recv_timeout(Duration::from_secs(30)).expect("a job hangs")).collect();
    ended.sort_unstable();
    assert_eq!(ended, [1, 2, 3]);
    spawn_all(Vec::new()).unwrap();
}

#[test]
fn a_thread_that_waits_takes_over_from_an_idle_background_thread() {
    block_on(async {}).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !Reactor::current().unwrap().is_driven_in_background() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(block_on(async { 7 }).unwrap(), 7);
}
