using Broker.Silo.Flags;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;

namespace Broker.Tests.Silo;

/// <summary>What cannot be used ends the start with one line that says so.</summary>
public sealed class ValidationTests
{
    [Theory]
    [InlineData("--node-id=1024", "--node-id: 1024 is not between 0 and 1023")]
    [InlineData("--node-id -1", "--node-id: -1 is not between 0 and 1023")]
    [InlineData("--worker-id=a", "--worker-id: \"a\" is not a whole number")]
    [InlineData("--max-deflate-level=0", "--max-deflate-level: 0 is not between 1 and 9")]
    [InlineData("--max-deflate-level=10", "--max-deflate-level: 10 is not between 1 and 9")]
    [InlineData("--max-msg-size=0", "--max-msg-size: 0 is less than 1")]
    [InlineData("--max-body-size=3000000000", "--max-body-size: 3000000000 is not between 1 and 2147483647")]
    [InlineData("--mem-queue-size=-1", "--mem-queue-size: -1 is less than 0")]
    [InlineData("--max-bytes-per-file=0", "--max-bytes-per-file: 0 is less than 1")]
    [InlineData("--msg-timeout=60", "--msg-timeout: \"60\" is not a duration; write it like 250ms, 2s, 1m30s or 1.5h")]
    [InlineData("--msg-timeout=0s", "--msg-timeout: 0s must be greater than 0")]
    [InlineData("--max-req-timeout=-1s", "--max-req-timeout: -1s must not be negative")]
    [InlineData("--verbose=maybe", "--verbose: \"maybe\" is not a boolean; write true or false")]
    [InlineData("--log-level=loud", "--log-level: \"loud\" is not one of debug, info, warn, error, fatal")]
    [InlineData("--storage=tape", "--storage: \"tape\" is not one of memory, files, postgres")]
    [InlineData("--postgres=hush", "--postgres: is not a connection string; write it as Host=...;Username=...;Password=...;Database=...")]
    [InlineData("--postgres=Password=hush", "--postgres: names no host; write it as Host=...;Username=...;Password=...;Database=...")]
    [InlineData("--postgres=Host=h;Port=hush", "--postgres: is not a connection string; write it as Host=...;Username=...;Password=...;Database=...")]
    [InlineData("--postgres=postgres://u:hush@h/d", "--postgres: is a URL; write it as Host=...;Username=...;Password=...;Database=...")]
    [InlineData("--postgres=Host=a,b;TargetSessionAttributes=standby",
        "--postgres: asks for a target session that cannot write; write Target Session Attributes=primary")]
    [InlineData("--postgres-schema=My-Schema",
        "--postgres-schema: \"My-Schema\" is not a valid schema name; use at most 63 lower-case letters, digits and underscores")]
    [InlineData("--tls-required=perhaps", "--tls-required: \"perhaps\" is not one of true, false, tcp-https")]
    [InlineData("--tls-min-version=ssl3.0", "--tls-min-version: \"ssl3.0\" is not one of tls1.0, tls1.1, tls1.2, tls1.3")]
    [InlineData("--auth-http-request-method=put", "--auth-http-request-method: \"put\" is not one of get, post")]
    [InlineData("--e2e-processing-latency-percentile=0.9,1.5",
        "--e2e-processing-latency-percentile: \"1.5\" is not a percentile; write a number above 0 and up to 1, like 0.99")]
    [InlineData("--trace-sample-rate=2", "--trace-sample-rate: \"2\" is not a fraction; write a number from 0 to 1, like 0.01")]
    [InlineData("--otlp-endpoint=collector:4317", "--otlp-endpoint: \"collector:4317\" is not a URL; write it like http://127.0.0.1:4318")]
    [InlineData("--log-format=xml", "--log-format: \"xml\" is not one of text, json")]
    [InlineData("--e2e-processing-latency-percentile=0",
        "--e2e-processing-latency-percentile: \"0\" is not a percentile; write a number above 0 and up to 1, like 0.99")]
    [InlineData("--http-allowed-host=queues.example:80", "--http-allowed-host: \"queues.example:80\" is not a host; write its name without a port, like queues.example")]
    [InlineData("--http-allowed-origin=queues.example", "--http-allowed-origin: \"queues.example\" is not an origin; write it like https://queues.example:8443")]
    [InlineData("--http-allowed-origin=https://a,https://a/b", "--http-allowed-origin: \"https://a/b\" is not an origin; write it like https://queues.example:8443")]
    [InlineData("--max-http-header-size=1000", "--max-http-header-size: 1000 is not between 1024 and 1048576")]
    [InlineData("--tcp-address=localhost:http", "--tcp-address: port \"http\" is no number from 0 to 65535")]
    [InlineData("--tcp-address=0.0.0.0:65536", "--tcp-address: port \"65536\" is no number from 0 to 65535")]
    [InlineData("--tcp-address=", "--tcp-address: must not be empty; write <host>:<port> or the path of a unix socket")]
    public async Task A_bad_value_is_refused(string arguments, string message) =>
        Assert.Equal(message, await ProgramRun.ComplaintOfAsync(arguments));

    [Theory]
    [InlineData("--tls-cert=c.pem", "--tls-cert and --tls-key: one is nothing without the other; give both or neither")]
    [InlineData("--tls-key=k.pem", "--tls-cert and --tls-key: one is nothing without the other; give both or neither")]
    [InlineData("--tls-required", "--tls-required: nobody could connect without a certificate; give --tls-cert and --tls-key")]
    [InlineData("--tls-client-auth-policy=require",
        "--tls-required: nobody could connect without a certificate; give --tls-cert and --tls-key")]
    [InlineData("--auth-http-address=127.0.0.1:4180 --auth-file=u.json",
        "--auth-file and --auth-http-address: only one of them can say what clients may do")]
    public async Task Settings_of_security_that_contradict_each_other_are_refused(string arguments, string message) =>
        Assert.Equal(message, await ProgramRun.ComplaintOfAsync(arguments));

    [Theory]
    [InlineData("--storage=postgres",
        "--storage=postgres: name the database with --postgres=<connection string>, or BROKER_POSTGRES in the environment")]
    [InlineData("--postgres=Host=h;Password=hush", "--postgres: messages are not kept there without --storage=postgres; give both or neither")]
    public async Task Settings_of_storage_that_contradict_each_other_are_refused(string arguments, string message) =>
        Assert.Equal(message, await ProgramRun.ComplaintOfAsync(arguments));

    [Theory]
    [InlineData("--postgres=Host=h --init-database --storage=files", "")]
    [InlineData("--init-database",
        "--init-database: name the database with --postgres=<connection string>, or BROKER_POSTGRES in the environment")]
    [InlineData("--cluster-id=", "--cluster-id: must not be empty")]
    public async Task A_database_is_prepared_only_where_one_is_named(string arguments, string message)
    {
        if (message.Length == 0) Assert.True((await ProgramRun.SettingsOfAsync(arguments)).Cluster.OnlyPreparesDatabase);
        else Assert.Equal(message, await ProgramRun.ComplaintOfAsync(arguments));
    }

    [Fact]
    public async Task A_gateway_by_itself_has_a_cluster_to_find() => Assert.Equal(
        "gateway: name the database of its cluster with --postgres=<connection string>, or BROKER_POSTGRES in the environment",
        await ProgramRun.ComplaintOfAsync("gateway --cluster-id=c"));

    [Theory]
    [InlineData("--tpc-address=:4150", "--tpc-address: there is no such flag; \"Broker.Silo --help\" lists all")]
    [InlineData("-x", "-x: there is no such flag; \"Broker.Silo --help\" lists all")]
    [InlineData("nsqd --data-paht /tmp", "--data-paht: there is no such flag; \"Broker.Silo nsqd --help\" lists all")]
    [InlineData("serve", "serve: there is no such command; \"Broker.Silo --help\" lists all")]
    [InlineData("nsqd please --data-paht /tmp", "--data-paht: there is no such flag; \"Broker.Silo nsqd --help\" lists all")]
    [InlineData("--verbose nsqd", "nsqd: flags stand after the command, as in Broker.Silo nsqd --flag=value")]
    [InlineData("--data-path", "--data-path: a value is missing; write --data-path=<path>")]
    [InlineData("--data-path --verbose", "--data-path: a value is missing; write --data-path=<path>")]
    public async Task A_line_that_is_no_command_line_is_refused(string arguments, string message) =>
        Assert.Equal(message, await ProgramRun.ComplaintOfAsync(arguments));

    [Fact]
    public async Task What_has_no_bearing_in_the_original_has_none_here()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync("nsqd please --max-heartbeat-interval=0s now");
        Assert.Equal(["please: ignored, it is an argument without a flag", "now: ignored, it is an argument without a flag"], settings.Warnings);
        Assert.Equal(TimeSpan.Zero, settings.Gateway.MaxHeartbeatInterval);
        BrokerSettings admin = await ProgramRun.SettingsOfAsync("nsqadmin --nsqd-http-address=127.0.0.1:4151 --graphite-url=graphite.local");
        Assert.Equal("http://graphite.local", admin.Admin.GraphiteUrl);
    }

    [Fact]
    public async Task A_data_path_that_is_not_there_is_refused() =>
        Assert.Equal("--data-path: /no/such/folder does not exist; create it or name another directory",
            await ProgramRun.ComplaintOfAsync("--data-path=/no/such/folder"));

    [Fact]
    public async Task A_data_path_that_is_a_file_is_refused()
    {
        string file = typeof(ValidationTests).Assembly.Location;
        Assert.Equal($"--data-path: {file} is not a directory", await ProgramRun.ComplaintOfAsync($"--data-path={file}"));
    }

    [Fact]
    public async Task A_data_path_that_cannot_be_written_is_refused()
    {
        if (!Directory.Exists("/proc")) return;
        Assert.Equal("--data-path: /proc is not writable; allow this user to write there or name another directory",
            await ProgramRun.ComplaintOfAsync("--data-path=/proc"));
    }

    [Fact]
    public async Task Checking_the_data_path_leaves_nothing_behind()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            BrokerSettings settings = await ProgramRun.SettingsOfAsync($"--data-path={folder.FullName}");
            Assert.Equal(folder.FullName, settings.Storage.DataPath);
            Assert.Empty(folder.EnumerateFileSystemInfos());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_data_path_whose_parent_is_there_is_created_at_the_start()
    {
        using Running.DataFolder parent = new();
        string folder = Path.Combine(parent.Path, "data");
        BrokerSettings settings = await ProgramRun.SettingsOfAsync($"--data-path={folder}/");
        Assert.Equal(folder, settings.Storage.DataPath);
        Assert.False(Directory.Exists(folder), "help or a mistake elsewhere is to leave nothing behind");
        settings.Gateway.TcpAddress = "127.0.0.1:0";
        settings.Gateway.HttpAddress = settings.Lookup.TcpAddress = settings.Lookup.HttpAddress = settings.Admin.HttpAddress = "";
        await using BrokerHost host = await BrokerHost.CreateAsync(settings);
        Assert.True(Directory.Exists(folder));
    }

    [Fact]
    public async Task In_place_of_nsqd_a_data_path_is_never_created()
    {
        string folder = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
        Assert.Equal($"--data-path: {folder} does not exist; create it or name another directory", await ProgramRun.ComplaintOfAsync($"nsqd --data-path={folder}"));
    }

    [Theory]
    [InlineData("", "data")]
    [InlineData("nsqd", "")]
    public async Task Without_a_data_path_messages_are_below_the_current_directory(string command, string folder) =>
        Assert.Equal(Path.GetFullPath(folder.Length == 0 ? "." : folder), (await ProgramRun.SettingsOfAsync(command)).Storage.DataPath);
}
