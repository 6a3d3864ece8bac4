//! Errors of languages, and of client libraries in other languages than Rust: modules that are not there, names, text and bytes.

use super::{Entry, Of::Line};

pub(super) const ENTRIES: &[Entry] = &[
    // ── Modules that are not there ──
    Entry {
        of: Line,
        pattern: r"No module named '?pika'?$",
        examples: &["ModuleNotFoundError: No module named 'pika'", "ImportError: No module named pika"],
        cause: "This Python has no Pika, the library that speaks to the broker.",
        remedy: "Install it for the Python that runs the program: `python3 -m pip install pika`, in a virtual environment where your system asks for one.",
    },
    Entry {
        of: Line,
        pattern: r"No module named '?(?<module>[\w.]+)",
        examples: &["ModuleNotFoundError: No module named 'aio_pika'", "ImportError: No module named pikaa"],
        cause: "This Python has no module `$module`: it is not installed, or its name is misspelt.",
        remedy: "Install it for the Python that runs the program: `python3 -m pip install NAME`. A virtual environment has modules of its own.",
    },
    Entry {
        of: Line,
        pattern: r"Cannot find (?:module|package) '(?<module>[^']+)'",
        examples: &[
            "Error: Cannot find module 'amqplib'",
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'amqplib' imported from /home/ann/rabbit/send.mjs",
        ],
        cause: "Node does not find the module `$module`: it is not installed in the program's folder, or its name is misspelt.",
        remedy: "Install it there, as in `npm install amqplib`. The name of a file of your own begins with `./`.",
    },
    Entry {
        of: Line,
        pattern: r"require is not defined",
        examples: &["ReferenceError: require is not defined in ES module scope, you can use import instead"],
        cause: "Node takes the file for an ES module, where there is no `require`.",
        remedy: "Write `import amqp from 'amqplib';`, or end the file's name with `.cjs`.",
    },
    Entry {
        of: Line,
        pattern: r"Cannot use import statement outside a module",
        examples: &["SyntaxError: Cannot use import statement outside a module"],
        cause: "Node does not take the file for an ES module, and only those have `import`.",
        remedy: "End the file's name with `.mjs`, or write `const amqp = require('amqplib');`.",
    },
    Entry {
        of: Line,
        pattern: r"cannot load such file -- (?<module>\S+)",
        examples: &["LoadError: cannot load such file -- bunny"],
        cause: "Ruby does not find `$module`: it is not installed, or its name is misspelt.",
        remedy: "Install it, as in `gem install bunny`. With a Gemfile, run `bundle install`, and start the program with `bundle exec`.",
    },
    Entry {
        of: Line,
        pattern: r"Failed opening required '(?<file>[^']*autoload\.php)'",
        examples: &[
            "Error: Failed opening required '/home/ann/rabbit/vendor/autoload.php' (include_path='.:/usr/share/php')",
        ],
        cause: "There is no `$file`, which composer writes: no package is installed there.",
        remedy: "Run `composer require php-amqplib/php-amqplib` in the program's folder.",
    },
    Entry {
        of: Line,
        pattern: r#"Class ["'](?<class>[\w\\]+)["'] not found"#,
        examples: &[r#"Error: Class "PhpAmqpLib\Connection\AMQPStreamConnection" not found"#],
        cause: "PHP does not find the class `$class`: its file is not loaded, or its package is not installed.",
        remedy: "Begin the program with `require_once __DIR__ . '/vendor/autoload.php';`. `composer require php-amqplib/php-amqplib` installs the package.",
    },
    Entry {
        of: Line,
        pattern: r"no required module provides package (?<package>[\w./-]+)",
        examples: &[
            "no required module provides package github.com/rabbitmq/amqp091-go: go.mod file not found in current directory or any parent directory; see 'go help modules'",
            "no required module provides package github.com/rabbitmq/amqp091-go; to add it:",
        ],
        cause: "The program imports `$package`, and its module does not name it.",
        remedy: "Run `go get $package` in the program's folder. Where there is no `go.mod` yet, run `go mod init NAME` first.",
    },
    Entry {
        of: Line,
        pattern: r"package (?<package>[\w./-]+) is not in (?:GOROOT|std)",
        examples: &[
            "package rabbitmq/amqp is not in GOROOT (/usr/lib/go-1.19/src/rabbitmq/amqp)",
            "package rabbitmq/amqp is not in std",
        ],
        cause: "Go has no package `$package` of its own, and the name of any other begins with a host.",
        remedy: "Import it by its whole name, as in `github.com/rabbitmq/amqp091-go`.",
    },
    Entry {
        of: Line,
        pattern: r"(?:NoClassDefFoundError|ClassNotFoundException): (?<class>[\w./$]+)",
        examples: &[
            "java.lang.NoClassDefFoundError: com/rabbitmq/client/Channel",
            "Caused by: java.lang.ClassNotFoundException: com.rabbitmq.client.Channel",
        ],
        cause: "Java does not find the class `$class`: its jar is not on the class path.",
        remedy: "Name all jars when you start the program: `java -cp .:amqp-client.jar:slf4j-api.jar:slf4j-simple.jar Send`.",
    },
    Entry {
        of: Line,
        pattern: r"package (?<package>com\.rabbitmq[\w.]*) does not exist",
        examples: &["Npe.java:1: error: package com.rabbitmq.client does not exist"],
        cause: "The compiler does not find `$package`: the client's jar is not on the class path.",
        remedy: "Name it when you compile and when you start: `-cp .:amqp-client.jar:slf4j-api.jar:slf4j-simple.jar`.",
    },
    Entry {
        of: Line,
        pattern: r"Could not find or load main class (?<class>\S+)",
        examples: &["Could not find or load main class Send"],
        cause: "Java does not find the class `$class` that it should start: it is not compiled, or the class path leads elsewhere.",
        remedy: "Compile it first, as in `javac -cp amqp-client.jar Send.java`, and have its folder on the class path: `-cp .:…`.",
    },
    Entry {
        of: Line,
        pattern: r"Could not load file or assembly '(?<assembly>[\w.]+)",
        examples: &[
            "System.IO.FileNotFoundException: Could not load file or assembly 'RabbitMQ.Client, Version=7.0.0.0, Culture=neutral, PublicKeyToken=89e7d7c5feba84ce'.",
        ],
        cause: ".NET does not find `$assembly`: the project does not reference its package, or was not built since.",
        remedy: "Run `dotnet add package RabbitMQ.Client` in the project's folder, and start it with `dotnet run`.",
    },
    Entry {
        of: Line,
        pattern: r"Can't locate (?<module>[\w/]+)\.pm in @INC",
        examples: &[
            "Can't locate Net/AMQP/RabbitMQ.pm in @INC (you may need to install the Net::AMQP::RabbitMQ module)",
        ],
        cause: "Perl does not find the module `$module`: it is not installed, or its name is misspelt.",
        remedy: "Install it with `cpan`, or as a package of your system.",
    },
    // ── Names ──
    Entry {
        of: Line,
        pattern: r"ReferenceError: (?<name>[\w$]+) is not defined",
        examples: &["ReferenceError: conection is not defined"],
        cause: "The program uses the name `$name`, which is defined nowhere: most likely it is misspelt.",
        remedy: "Compare it, letter for letter, with the place where it is defined.",
    },
    Entry {
        of: Line,
        pattern: r"NameError: (?:global )?name '(?<name>\w+)' is not defined",
        examples: &[
            "NameError: name 'conection' is not defined. Did you mean: 'connection'?",
            "NameError: name 'conection' is not defined",
        ],
        cause: "The program uses the name `$name`, which is defined nowhere: most likely it is misspelt.",
        remedy: "Compare it, letter for letter, with the place where it is defined, or import it.",
    },
    Entry {
        of: Line,
        pattern: r"undefined local variable or method [`'](?<name>\w+)'",
        examples: &["NameError: undefined local variable or method `conection' for main:Object"],
        cause: "The program uses the name `$name`, which is defined nowhere: most likely it is misspelt.",
        remedy: "Compare it, letter for letter, with the place where it is defined.",
    },
    Entry {
        of: Line,
        pattern: r"TypeError: (?<name>[\w.]+) is not a function",
        examples: &["TypeError: channel.assertQueue is not a function"],
        cause: "The program calls `$name`, and that is no function: its name is misspelt, or what stands in front of the dot is a promise.",
        remedy: "`await` the call that makes it, as in `const channel = await connection.createChannel();`.",
    },
    Entry {
        of: Line,
        pattern: r"'(?:dict|list|tuple|int|float|bool|NoneType)' object has no attribute 'encode'",
        examples: &["AttributeError: 'dict' object has no attribute 'encode'"],
        cause: "Pika sends text or bytes, and the body is something else.",
        remedy: "Make text of it first: `str(…)`, or `json.dumps(…)` where sender and receiver agreed on JSON.",
    },
    Entry {
        of: Line,
        pattern: r"'(?<kind>\w+)' object has no attribute '(?<name>\w+)'",
        examples: &["AttributeError: 'BlockingConnection' object has no attribute 'queue_declare'"],
        cause: "The program calls `$name` on a `$kind`, which has nothing by that name.",
        remedy: "Check the name, and on what it is called: connections open channels, and channels do all else.",
    },
    Entry {
        of: Line,
        pattern: r"(?:imported and not used|declared (?:and|but) not used|imported but not used)",
        examples: &[r#"imported and not used: "os""#, "x declared but not used"],
        cause: "Go does not compile a program with a name in it that nothing uses.",
        remedy: "Use it or take it out; `_` takes the place of a value that you don't need.",
    },
    Entry {
        of: Line,
        pattern: r"invalid memory address or nil pointer dereference",
        examples: &["panic: runtime error: invalid memory address or nil pointer dereference"],
        cause: "The program uses something that is nil: most likely the call that makes it failed, and its error was not looked at.",
        remedy: "Look at `err` after each call, before you use what the call gives.",
    },
    // ── Text and bytes ──
    Entry {
        of: Line,
        pattern: r"content is not a buffer",
        examples: &["TypeError: content is not a buffer"],
        cause: "amqplib sends bytes, and got a text or an object.",
        remedy: "Make bytes of it: `Buffer.from('Hello World!')`.",
    },
    Entry {
        of: Line,
        pattern: r"'(?<codec>[\w-]+)' codec can't encode",
        examples: &[
            "UnicodeEncodeError: 'charmap' codec can't encode characters in position 22-23: character maps to <undefined>",
            "UnicodeEncodeError: 'ascii' codec can't encode character '\\xfc' in position 2: ordinal not in range(128)",
        ],
        cause: "The program prints or writes a character that its encoding (`$codec`) does not have.",
        remedy: "Have Python write UTF-8: `sys.stdout.reconfigure(encoding='utf-8')` at the start, or the variable `PYTHONIOENCODING=utf-8`.",
    },
    Entry {
        of: Line,
        pattern: r#"a bytes-like object is required, not 'str'|can only concatenate str \(not "bytes"\)|can't concat str to bytes|must be str, not bytes"#,
        examples: &[
            r#"TypeError: can only concatenate str (not "bytes") to str"#,
            "TypeError: a bytes-like object is required, not 'str'",
        ],
        cause: "The program mixes text and bytes: a message's body comes as bytes.",
        remedy: "Make text of the body before you use it as text: `body.decode()`.",
    },
    Entry {
        of: Line,
        pattern: r"JSONDecodeError|JSON::ParserError|is not valid JSON|in JSON at position|end of JSON input|looking for beginning of value|JsonParseException|JsonReaderException|JsonException",
        examples: &[
            "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
            r#"SyntaxError: Unexpected token 'H', "Hello World!" is not valid JSON"#,
            "SyntaxError: Unexpected token H in JSON at position 0",
            "JSON::ParserError: unexpected token at 'Hello World!'",
        ],
        cause: "The program reads a body as JSON, and it is none: the lessons' messages are plain text.",
        remedy: "Take the body as it is, as text: [[text]].",
    },
    Entry {
        of: Line,
        pattern: r"Missing parentheses in call to 'print'",
        examples: &["SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?"],
        cause: "The program is written for Python 2, and this is Python 3.",
        remedy: "Write `print(…)`, with parentheses; other changes may follow.",
    },
    // ── Pika, before 1.0 and since ──
    Entry {
        of: Line,
        pattern: r"unexpected keyword argument '(?:on_message_callback|auto_ack)'",
        examples: &["TypeError: basic_consume() got an unexpected keyword argument 'on_message_callback'"],
        cause: "The program was written for Pika 1.0 or later, and this Python has an older one.",
        remedy: "Install the current one: `python3 -m pip install --upgrade pika`.",
    },
    Entry {
        of: Line,
        pattern: r"basic_consume\(\) (?:got|missing)|unexpected keyword argument '(?:no_ack|consumer_callback)'",
        examples: &[
            "TypeError: BlockingChannel.basic_consume() got multiple values for argument 'queue'",
            "TypeError: basic_consume() got an unexpected keyword argument 'no_ack'",
        ],
        cause: "The program was written for a Pika before 1.0, where `basic_consume` took its arguments in another order and by other names.",
        remedy: "Write `channel.basic_consume(queue='hello', on_message_callback=callback, auto_ack=True)`.",
    },
    Entry {
        of: Line,
        pattern: r"exchange_declare\(\) got an unexpected keyword argument 'type'",
        examples: &["TypeError: BlockingChannel.exchange_declare() got an unexpected keyword argument 'type'"],
        cause: "The program was written for a Pika before 1.0, where an exchange's type was called `type`.",
        remedy: "Write `channel.exchange_declare(exchange='logs', exchange_type='fanout')`.",
    },
    Entry {
        of: Line,
        pattern: r"queue_declare\(\) missing 1 required positional argument: 'queue'",
        examples: &["TypeError: BlockingChannel.queue_declare() missing 1 required positional argument: 'queue'"],
        cause: "The program was written for a Pika before 1.0, where a queue without a name needed no argument.",
        remedy: "Write `channel.queue_declare(queue='', exclusive=True)`.",
    },
    // ── amqplib ──
    Entry {
        of: Line,
        pattern: r"IllegalOperationError: (?:Channel|Connection) clos|Channel ended, no reply will be forthcoming",
        examples: &["IllegalOperationError: Channel closed", "Error: Channel ended, no reply will be forthcoming"],
        cause: "The channel or the connection was closed before this call, so this error is only what came after.",
        remedy: "`await` each call, and look for the first error: it names the reason. Close the connection last.",
    },
];
