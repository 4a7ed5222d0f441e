//! Exchanges over an HTTP/1.1 connection, by hyper.

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;

use super::connect::Connection;
use super::failure;
use super::pool::{Http1, Watch};
use super::progress::Progress;
use super::settings;
use super::upload::RequestBody;
use crate::error::Result;

/// Speaks HTTP/1.1 over `connection`, which is served by a task of its own until it ends.
///
/// # Errors
/// hyper's.
pub(super) async fn start(connection: Connection, watch: Option<Watch>) -> Result<Http1> {
    let (endpoints, forwards) = (connection.endpoints(), connection.forwards());
    let handshake = settings::http1().handshake(TokioIo::new(connection)).await;
    let (sender, driver) = handshake.map_err(failure::of_exchange)?;
    tokio::spawn(async move {
        // Its errors are told to the exchange that they concern.
        let _ = driver.with_upgrades().await;
        if let Some(watch) = watch {
            watch.has_ended();
        }
    });
    Ok(Http1::Hyper { sender, endpoints, forwards })
}

/// Sends a request and waits for the head of its response.
///
/// # Errors
/// Every kind of the network but those of connecting.
pub(super) async fn send(
    sender: &mut SendRequest<RequestBody>,
    request: Request<RequestBody>,
    progress: &Progress,
    reused: bool,
) -> Result<Response<Incoming>> {
    // A connection that has just been given back takes note of that in its task.
    sender.ready().await.map_err(|error| failure::of_http1(error, progress, reused, true))?;
    sender.try_send_request(request).await.map_err(|mut error| {
        let unsent = error.take_message();
        failure::of_http1(error.into_error(), progress, reused, unsent.is_some())
    })
}
