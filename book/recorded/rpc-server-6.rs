    while let Some(request) = requests.next().await {
        let request = request?;
        let text = String::from_utf8_lossy(&request.data);
        println!(" [.] fib({text})");
    }
    Err::<(), _>("the broker ended the subscription: was `rpc_queue` deleted?")?;
