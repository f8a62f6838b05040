using Broker.Silo.Settings;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Silo;

/// <summary>The ways in which nsqd's users and scripts write flags.</summary>
public sealed class FlagFormTests
{
    [Theory]
    [InlineData("--msg-timeout=1m30s")]
    [InlineData("--msg-timeout 1m30s")]
    [InlineData("-msg-timeout=1m30s")]
    [InlineData("-msg-timeout 1m30s")]
    [InlineData("nsqd --msg-timeout=1m30s")]
    [InlineData("nsqd -msg-timeout 1m30s")]
    [InlineData("--msg-timeout=5s --msg-timeout=1m30s")]
    [InlineData("--verbose --msg-timeout=1m30s")]
    [InlineData("--verbose=false -msg-timeout 1m30s --snappy")]
    public async Task A_value_is_taken_in_every_form(string arguments) =>
        Assert.Equal(TimeSpan.FromSeconds(90), (await ProgramRun.SettingsOfAsync(arguments)).Gateway.MsgTimeout);

    [Theory]
    [InlineData("--verbose", LogLevel.Debug)]
    [InlineData("-verbose", LogLevel.Debug)]
    [InlineData("--verbose=true", LogLevel.Debug)]
    [InlineData("--verbose=T", LogLevel.Debug)]
    [InlineData("--verbose=1", LogLevel.Debug)]
    [InlineData("--verbose true", LogLevel.Debug)]
    [InlineData("--verbose=false", LogLevel.Information)]
    [InlineData("-verbose=0", LogLevel.Information)]
    [InlineData("--verbose F", LogLevel.Information)]
    [InlineData("--verbose --log-level=warn", LogLevel.Warning)]
    [InlineData("--log-level WARN", LogLevel.Warning)]
    [InlineData("--log-level=fatal", LogLevel.Critical)]
    public async Task A_boolean_may_stand_alone_or_with_its_value(string arguments, LogLevel level) =>
        Assert.Equal(level, (await ProgramRun.SettingsOfAsync(arguments)).LogLevel);

    [Theory]
    [InlineData("--tls-required=false")]
    [InlineData("--tls-required false")]
    [InlineData("-tls-required=0 --statsd-mem-stats")]
    [InlineData("--deflate --snappy=false --max-deflate-level=6")]
    [InlineData("--tls-min-version=tls1.2 --tls-min-version=TLS1.3")]
    [InlineData("--queue-scan-selection-count=1 --queue-scan-worker-pool-max=9")]
    [InlineData("--broadcast-address=nsq.example.com --broadcast-tcp-port=14150 --broadcast-http-port=14151")]
    [InlineData("--statsd-prefix=a=b:c --statsd-interval=10s --auth-http-request-method=post")]
    [InlineData("--http-address=0.0.0.0:0 --https-address=0.0.0.0:0 --http-client-connect-timeout=1s")]
    [InlineData("--enable-experiment=unheard-of")]
    public async Task Flags_that_change_nothing_here_are_taken(string arguments) => await ProgramRun.SettingsOfAsync(arguments);

    [Theory]
    [InlineData("--enable-experiment=topology-aware-consumption")]
    [InlineData("--enable-experiment=other --enable-experiment topology-aware-consumption")]
    [InlineData("--enable-experiment=other,topology-aware-consumption")]
    public async Task Lists_are_taken_as_repeated_flags_and_with_commas(string arguments)
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync(arguments);
        Assert.True(settings.Queue.TopologyAware);
        Assert.True(settings.Gateway.TopologyAware);
    }

    [Fact]
    public async Task An_empty_value_is_a_value()
    {
        Assert.Equal("", (await ProgramRun.StartAsync(["--log-prefix="])).Settings!.LogPrefix);
        Assert.Equal("", (await ProgramRun.StartAsync(["--log-prefix", ""])).Settings!.LogPrefix);
        Assert.Equal("", (await ProgramRun.StartAsync(["--http-address="])).Settings!.Gateway.HttpAddress);
    }

    [Fact]
    public async Task A_value_may_look_like_a_command_or_hold_spaces_and_equals_signs()
    {
        Assert.Equal("nsqd", (await ProgramRun.StartAsync(["--log-prefix", "nsqd"])).Settings!.LogPrefix);
        Assert.Equal("a=b: c", (await ProgramRun.StartAsync(["--log-prefix=a=b: c"])).Settings!.LogPrefix);
        Assert.Equal("@file", (await ProgramRun.StartAsync(["--log-prefix", "@file"])).Settings!.LogPrefix);
    }

    [Theory]
    [InlineData("--node-id=7")]
    [InlineData("--worker-id=7")]
    [InlineData("-worker-id 7")]
    [InlineData("--worker-id=8 --node-id=7")]
    public async Task The_node_number_has_two_names(string arguments) =>
        Assert.Equal(7, (await ProgramRun.SettingsOfAsync(arguments)).Queue.NodeId);

    [Theory]
    [InlineData("--version")]
    [InlineData("-version")]
    [InlineData("--version=true")]
    [InlineData("nsqd --version")]
    [InlineData("nsqd --verbose --version")]
    public async Task The_version_is_printed_in_nsqds_words(string arguments)
    {
        ProgramRun run = await ProgramRun.StartAsync(arguments.Split(' '));
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^nsqd v1\.3\.0 \(built w\/dotnet[0-9.]+\)\r?\nBroker [0-9.]+\r?\n$", run.Output);
        Assert.Null(run.Settings);
    }
}
