    while let Some(task) = tasks.next().await {
        let task = task?;
        let text = String::from_utf8_lossy(&task.data);
        println!(" [x] Received '{text}'");
    }
    Err::<(), _>("the broker ended the subscription: was `task_queue` deleted?")?;
