//! A SOCKS5 proxy (RFC 1928), with credentials where they are asked for (RFC 1929).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::proxy::{Log, PASSWORD, USER, connect};

/// Serves every connection of a listener, for ever.
pub(crate) async fn serve(socket: TcpListener, guarded: bool, log: Log) -> io::Result<()> {
    let socket = tokio::net::TcpListener::from_std(socket)?;
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        tokio::spawn(serve_connection(stream, guarded, log.clone()));
    }
}

async fn serve_connection(mut client: TcpStream, guarded: bool, log: Log) -> io::Result<()> {
    let _version = client.read_u8().await?;
    let mut methods = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut methods).await?;
    let method = if guarded { 2 } else { 0 };
    if !methods.contains(&method) {
        return client.write_all(&[5, 0xff]).await;
    }
    client.write_all(&[5, method]).await?;
    if guarded {
        let _version = client.read_u8().await?;
        let (user, password) = (counted(&mut client).await?, counted(&mut client).await?);
        let known = user == USER.as_bytes() && password == PASSWORD.as_bytes();
        client.write_all(&[1, u8::from(!known)]).await?;
        if !known {
            return Ok(());
        }
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    let host = match head {
        [5, 1, 0, 1] => Ipv4Addr::from(client.read_u32().await?).to_string(),
        [5, 1, 0, 4] => Ipv6Addr::from(client.read_u128().await?).to_string(),
        [5, 1, 0, 3] => String::from_utf8_lossy(&counted(&mut client).await?).into_owned(),
        _ => return reply(&mut client, 7).await,
    };
    let port = client.read_u16().await?;
    log.push(json!({ "method": "SOCKS5", "target": format!("{host}:{port}"), "headers": [] }));
    if host == "forbidden.test" {
        return reply(&mut client, 2).await;
    }
    let Ok(mut server) = connect(&host, port).await else {
        return reply(&mut client, 5).await;
    };
    reply(&mut client, 0).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn counted(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut value = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut value).await?;
    Ok(value)
}

async fn reply(client: &mut TcpStream, code: u8) -> io::Result<()> {
    client.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await
}
