using Broker.Silo.Settings;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Silo;

/// <summary>Command line before environment before config file before default.</summary>
public sealed class PrecedenceTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Each_source_gives_way_to_the_one_before_it()
    {
        await File.WriteAllTextAsync(_file, "max_rdy_count = 3\n");
        (string, string) environment = ("BROKER_MAX_RDY_COUNT", "2");

        Assert.Equal(2500, (await ProgramRun.SettingsOfAsync("")).Gateway.MaxRdyCount);
        Assert.Equal(3, (await ProgramRun.SettingsOfAsync($"--config={_file}")).Gateway.MaxRdyCount);
        Assert.Equal(2, (await ProgramRun.SettingsOfAsync($"--config={_file}", environment)).Gateway.MaxRdyCount);
        Assert.Equal(1, (await ProgramRun.SettingsOfAsync($"--config={_file} --max-rdy-count=1", environment)).Gateway.MaxRdyCount);
    }

    [Fact]
    public async Task The_environment_can_name_the_config_file()
    {
        await File.WriteAllTextAsync(_file, "max_rdy_count = 3\n");
        Assert.Equal(3, (await ProgramRun.SettingsOfAsync("nsqd", ("BROKER_CONFIG", _file))).Gateway.MaxRdyCount);
    }

    [Fact]
    public async Task An_empty_variable_says_nothing_and_a_strange_one_is_nobodys_business()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync("", ("BROKER_TCP_ADDRESS", ""), ("BROKER_PORT", "tcp://10.0.0.1:4150"));
        Assert.Equal("127.0.0.1:4150", settings.Gateway.TcpAddress);
    }

    [Fact]
    public async Task Another_name_of_a_flag_stands_where_it_was_written()
    {
        await File.WriteAllTextAsync(_file, "log_level = \"warn\"\nid = 5\n");
        BrokerSettings settings = await ProgramRun.SettingsOfAsync($"--config={_file} --verbose", ("BROKER_WORKER_ID", "6"));
        Assert.Equal(LogLevel.Debug, settings.LogLevel);
        Assert.Equal(6, settings.Queue.NodeId);
    }

    [Fact]
    public async Task A_config_file_of_nsqd_is_understood()
    {
        await File.WriteAllTextAsync(_file,
            """
            ## log verbosity level: debug, info, warn, error, or fatal
            log_level = "error"

            id = 150
            tcp_address = "0.0.0.0:14150"
            # https_address = "0.0.0.0:4152"
            nsqlookupd_tcp_addresses = [
            ]
            http_client_connect_timeout = "2s"
            mem_queue_size = 10_000
            sync_timeout = "3s"
            msg_timeout = 45000
            max_msg_size = 1024768
            statsd_prefix = "nsq.%s"
            statsd_mem_stats = true
            e2e_processing_latency_window_time = "10m"
            tls_cert = ""
            tls_required = false
            tls_min_version = ""
            deflate = true
            max_deflate_level = 6
            enable_experiment = ["topology-aware-consumption"]
            a_key_of_tomorrow = [1, 2]
            verbose = true
            """);
        BrokerSettings settings = await ProgramRun.SettingsOfAsync($"nsqd --config={_file}");
        Assert.Equal(LogLevel.Error, settings.LogLevel);
        Assert.Equal(150, settings.Queue.NodeId);
        Assert.Equal("0.0.0.0:14150", settings.Gateway.TcpAddress);
        Assert.Equal(TimeSpan.FromSeconds(3), settings.Storage.SyncTimeout);
        Assert.Equal(TimeSpan.FromSeconds(45), settings.Gateway.MsgTimeout);
        Assert.Equal(1_024_768, settings.Storage.MaxMsgSize);
        Assert.True(settings.Queue.TopologyAware);
        Assert.Equal(
            [
                $"{_file}:23: a_key_of_tomorrow: ignored, there is no such setting in a config file",
                $"{_file}:24: verbose: ignored, there is no such setting in a config file",
            ],
            settings.Warnings);
    }

    [Theory]
    [InlineData("\nmsg_timeout = \"soon\"", ":2: msg_timeout: \"soon\" is not a duration; write it like 250ms, 2s, 1m30s or 1.5h")]
    [InlineData("id = 5150", ":1: id: 5150 is not between 0 and 1023")]
    [InlineData("tcp_address = [\"a:1\", \"b:2\"]", ":1: tcp_address: takes one value, not a list")]
    [InlineData("tcp_address = { host = \"a\" }", ":1: tcp_address: takes texts, numbers and booleans, not tables and dates")]
    public async Task A_mistake_in_the_file_is_told_with_file_line_and_key(string text, string message)
    {
        await File.WriteAllTextAsync(_file, text);
        Assert.Equal($"{_file}{message}", await ProgramRun.ComplaintOfAsync($"--config={_file}"));
    }

    [Fact]
    public async Task A_mistake_in_the_environment_is_told_with_the_variable() =>
        Assert.Equal("BROKER_MAX_RDY_COUNT: \"many\" is not a whole number",
            await ProgramRun.ComplaintOfAsync("", ("BROKER_MAX_RDY_COUNT", "many")));

    [Fact]
    public async Task A_config_file_that_is_not_there_is_told() =>
        Assert.Equal("--config: /no/such.cfg does not exist", await ProgramRun.ComplaintOfAsync("--config=/no/such.cfg"));

    [Fact]
    public async Task A_config_file_that_is_a_directory_is_told() =>
        Assert.Equal("--config: / cannot be read: is it a file, and may this user read it?", await ProgramRun.ComplaintOfAsync("--config=/"));
}
