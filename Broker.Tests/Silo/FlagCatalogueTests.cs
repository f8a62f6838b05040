using System.Reflection;
using Broker.Lookup;
using Broker.Policies;
using Broker.Silo.Flags;
using Broker.Silo.Logging;
using Broker.Silo.Settings;

namespace Broker.Tests.Silo;

public sealed class FlagCatalogueTests
{
    // Spec 6.1, and what all of NSQ's daemons have.
    private const string FlagsOfNsqd =
        """
        auth-http-address auth-http-request-method broadcast-address broadcast-http-port broadcast-tcp-port config data-path deflate
        e2e-processing-latency-percentile e2e-processing-latency-window-time enable-experiment http-address
        http-client-connect-timeout http-client-request-timeout https-address log-level log-prefix lookupd-tcp-address
        max-body-size max-bytes-per-file max-channel-consumers max-deflate-level max-heartbeat-interval max-msg-size
        max-msg-timeout max-output-buffer-size max-output-buffer-timeout max-rdy-count max-req-timeout mem-queue-size
        min-output-buffer-timeout msg-timeout node-id output-buffer-timeout queue-scan-selection-count
        queue-scan-worker-pool-max snappy statsd-address statsd-exclude-ephemeral statsd-interval statsd-mem-stats statsd-prefix
        statsd-udp-packet-size sync-every sync-timeout tcp-address tls-cert tls-client-auth-policy tls-key tls-min-version
        tls-required tls-root-ca-file topology-region topology-zone verbose version worker-id
        """;

    private static readonly FlagCatalogue Catalogue = FlagCatalogue.ForAll();

    [Fact]
    public void Every_flag_of_nsqd_is_known()
    {
        string[] nsqd = FlagsOfNsqd.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Assert.Empty(nsqd.Except(Catalogue.Flags.Select(flag => flag.Name)));
    }

    [Theory]
    [InlineData("id", "node-id")]
    [InlineData("nsqlookupd_tcp_addresses", "lookupd-tcp-address")]
    [InlineData("auth_http_addresses", "auth-http-address")]
    [InlineData("e2e_processing_latency_percentiles", "e2e-processing-latency-percentile")]
    [InlineData("enable_experiment", "enable-experiment")]
    [InlineData("tcp_address", "tcp-address")]
    public void Config_keys_are_nsqds(string key, string flag) => Assert.Equal(flag, Catalogue.FindConfigKey(key)?.Name);

    [Fact]
    public void Environment_variables_are_the_names_in_upper_snake_case() =>
        Assert.Equal("BROKER_TCP_ADDRESS", Catalogue.Find("tcp-address")!.EnvironmentVariable);

    [Fact]
    public void Aliases_stand_for_flags_that_exist() =>
        Assert.All(Catalogue.Flags.Where(flag => flag.Alias is not null), flag => Assert.NotNull(Catalogue.Find(flag.Alias!.Flag)));

    [Fact]
    public async Task The_table_and_the_options_agree_on_the_defaults()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync("");
        AssertSame(new GatewayOptions(), settings.Gateway);
        AssertSame(new TlsOptions(), settings.Gateway.Tls);
        AssertSame(new AuthOptions(), settings.Gateway.Auth);
        AssertSame(new LimitOptions(), settings.Gateway.Limits);
        AssertSame(new QueueOptions(), settings.Queue);
        AssertSame(new TelemetryOptions(), settings.Telemetry);
        AssertSame(new StatsdOptions(), settings.Telemetry.Statsd);
        Assert.True(settings.IsNodeIdDerived);
        AssertSame(new StorageOptions { DataPath = Path.GetFullPath("data") }, settings.Storage);
        AssertSame(new PostgresOptions(), settings.Postgres);
        Assert.Equal("[broker] ", settings.LogPrefix);
    }

    [Fact]
    public async Task Flags_of_the_database_arrive_and_its_password_goes_no_further()
    {
        const string connection = "Host=h;Username=u;Password=hush;Database=d";
        ProgramRun run = await ProgramRun.StartAsync(
            ["nsqd", "--storage=postgres", "--postgres-schema=s", "--postgres-wait=3s"], ("BROKER_POSTGRES", connection));
        BrokerSettings settings = run.Settings!;
        Assert.Equal(StorageKind.Postgres, settings.StorageKind);
        AssertSame(new PostgresOptions { ConnectionString = connection, Schema = "s", StartWait = TimeSpan.FromSeconds(3) }, settings.Postgres);
        Assert.Null(new BrokerOptions(settings).Find("postgres"));
        Assert.NotNull(new BrokerOptions(settings).Find("postgres_schema"));
        Assert.DoesNotContain(settings.Options.Values, value => $"{value}".Contains("hush", StringComparison.Ordinal));
        Assert.DoesNotContain("hush", run.Output + run.Error);
    }

    [Fact]
    public async Task The_drop_in_differs_in_its_addresses_and_its_name()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync("nsqd");
        AssertSame(new GatewayOptions { TcpAddress = "0.0.0.0:4150", HttpAddress = "0.0.0.0:4151", HttpsAddress = "0.0.0.0:4152", BroadcastAddress = "" }, settings.Gateway);
        Assert.Equal("[nsqd] ", settings.LogPrefix);
    }

    [Fact]
    public async Task The_drop_in_of_the_lookup_service_has_nsqlookupds_defaults()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync("nsqlookupd");
        AssertSame(new LookupOptions { TcpAddress = "0.0.0.0:4160", HttpAddress = "0.0.0.0:4161" }, settings.Lookup);
        Assert.Equal("[nsqlookupd] ", settings.LogPrefix);
    }

    [Fact]
    public async Task The_drop_in_of_the_lookup_service_takes_nsqlookupds_flags()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync(
            "nsqlookupd -tcp-address=:1 -http-address :2 --broadcast-address=b --inactive-producer-timeout=3s --tombstone-lifetime=4s");
        AssertSame(
            new LookupOptions
            {
                TcpAddress = ":1",
                HttpAddress = ":2",
                BroadcastAddress = "b",
                InactiveProducerTimeout = TimeSpan.FromSeconds(3),
                TombstoneLifetime = TimeSpan.FromSeconds(4),
            },
            settings.Lookup);
    }

    [Fact]
    public async Task Without_a_command_the_lookup_service_is_served_too_and_with_nsqd_it_is_not()
    {
        AssertSame(
            new LookupOptions { TcpAddress = "127.0.0.1:4160", HttpAddress = "127.0.0.1:4161" },
            (await ProgramRun.SettingsOfAsync("")).Lookup);
        AssertSame(
            new LookupOptions { TcpAddress = ":1", HttpAddress = "" },
            (await ProgramRun.SettingsOfAsync("--discovery-tcp-address=:1 --discovery-http-address=")).Lookup);
        AssertSame(new LookupOptions(), (await ProgramRun.SettingsOfAsync("nsqd")).Lookup);
    }

    [Fact]
    public async Task What_a_broker_registers_with_and_as_is_taken()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync(
            "nsqd --lookupd-tcp-address=a:4160 --lookupd-tcp-address=b:4160,c:4160 --broadcast-address=h --broadcast-tcp-port=5 --broadcast-http-port=6");
        Assert.Equal(["a:4160", "b:4160", "c:4160"], settings.Gateway.LookupdTcpAddresses);
        Assert.Equal(("h", 5, 6), (settings.Gateway.BroadcastAddress, settings.Gateway.BroadcastTcpPort, settings.Gateway.BroadcastHttpPort));
    }

    [Fact]
    public async Task Every_setting_reaches_those_who_read_it()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync(
            "--tcp-address=:1 --http-address=:2 --max-msg-size=3 --max-body-size=4 --max-rdy-count=5 --msg-timeout=6s"
            + " --max-msg-timeout=7s --max-req-timeout=8s --max-heartbeat-interval=9s --max-output-buffer-size=10"
            + " --max-output-buffer-timeout=11s --min-output-buffer-timeout=12s --output-buffer-timeout=13s"
            + " --max-channel-consumers=14 --topology-region=r --topology-zone=z --enable-experiment=topology-aware-consumption"
            + " --node-id=15 --mem-queue-size=16 --max-bytes-per-file=17 --sync-every=18 --sync-timeout=19s --storage=memory");
        AssertSame(
            new GatewayOptions
            {
                TcpAddress = ":1",
                HttpAddress = ":2",
                MaxMsgSize = 3,
                MaxBodySize = 4,
                MaxRdyCount = 5,
                MsgTimeout = TimeSpan.FromSeconds(6),
                MaxMsgTimeout = TimeSpan.FromSeconds(7),
                MaxReqTimeout = TimeSpan.FromSeconds(8),
                MaxHeartbeatInterval = TimeSpan.FromSeconds(9),
                MaxOutputBufferSize = 10,
                MaxOutputBufferTimeout = TimeSpan.FromSeconds(11),
                MinOutputBufferTimeout = TimeSpan.FromSeconds(12),
                OutputBufferTimeout = TimeSpan.FromSeconds(13),
                MaxChannelConsumers = 14,
                TopologyRegion = "r",
                TopologyZone = "z",
                TopologyAware = true,
            },
            settings.Gateway);
        AssertSame(
            new QueueOptions
            {
                NodeId = 15,
                MemQueueSize = 16,
                MaxMsgTimeout = TimeSpan.FromSeconds(7),
                MaxReqTimeout = TimeSpan.FromSeconds(8),
                MaxChannelConsumers = 14,
                TopologyRegion = "r",
                TopologyZone = "z",
                TopologyAware = true,
            },
            settings.Queue);
        AssertSame(
            new StorageOptions
            {
                DataPath = Path.GetFullPath("data"),
                MaxBytesPerFile = 17,
                SyncEvery = 18,
                SyncTimeout = TimeSpan.FromSeconds(19),
                MaxMsgSize = 3,
                MaxBodySize = 4,
            },
            settings.Storage);
    }

    [Fact]
    public async Task Flags_of_security_arrive()
    {
        GatewayOptions gateway = (await ProgramRun.SettingsOfAsync(
            "--https-address=:3 --tls-cert=c --tls-key=k --tls-root-ca-file=r --tls-client-auth-policy=require-verify --tls-required=tcp-https"
            + " --tls-min-version=tls1.3 --deflate=false --snappy=false --max-deflate-level=9 --auth-http-address=a,b"
            + " --auth-http-request-method=post --http-client-connect-timeout=1s --http-client-request-timeout=3s --max-connections=4"
            + " --max-connections-per-address=5 --max-commands-per-second=6 --max-bytes-in-flight=7 --first-command-timeout=8s"
            + " --command-timeout=9s --memory-limit=10")).Gateway;
        Assert.Equal((":3", false, false, 9), (gateway.HttpsAddress, gateway.Deflate, gateway.Snappy, gateway.MaxDeflateLevel));
        AssertSame(
            new TlsOptions
            {
                CertificateFile = "c",
                KeyFile = "k",
                RootCaFile = "r",
                ClientCertificates = ClientCertificatePolicy.RequireVerified,
                Required = TlsRequirement.TcpOnly,
                MinVersion = TlsVersion.Tls13,
            },
            gateway.Tls);
        Assert.Equal(["a", "b"], gateway.Auth.HttpAddresses);
        Assert.True(gateway.Auth.UsePost);
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)), (gateway.Auth.ConnectTimeout, gateway.Auth.RequestTimeout));
        AssertSame(
            new LimitOptions
            {
                MaxConnections = 4,
                MaxConnectionsPerAddress = 5,
                MaxCommandsPerSecond = 6,
                MaxBytesInFlight = 7,
                FirstCommandTimeout = TimeSpan.FromSeconds(8),
                CommandTimeout = TimeSpan.FromSeconds(9),
                MemoryLimit = 10,
            },
            gateway.Limits);
    }

    [Fact]
    public async Task Flags_of_telemetry_arrive()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync(
            "--metrics=false --metrics-label-limit=7 --shutdown-delay=8s --shutdown-timeout=6s --trace-sample-rate=0.25 --otlp-endpoint=http://h:1 --log-format=json"
            + " --log-rate-limit=9 --statsd-address=a:1 --statsd-prefix=p --statsd-interval=2s --statsd-mem-stats=false --statsd-udp-packet-size=3"
            + " --statsd-exclude-ephemeral --e2e-processing-latency-percentile=0.5,1.0 --e2e-processing-latency-window-time=4s");
        Assert.Equal([1, 0.5], settings.Telemetry.LatencyPercentiles);
        Assert.Equal((true, TimeSpan.FromSeconds(4)), (settings.Queue.KeepsLatency, settings.Queue.LatencyWindow));
        Assert.Equal((LogFormat.Json, 9), (settings.LogFormat, settings.LogRateLimit));
        Assert.Equal(TimeSpan.FromSeconds(6), settings.ShutdownTimeout);
        AssertSame(
            new TelemetryOptions
            {
                Metrics = false,
                LabelLimit = 7,
                ShutdownDelay = TimeSpan.FromSeconds(8),
                TraceSampleRate = 0.25,
                OtlpEndpoint = "http://h:1",
                LatencyPercentiles = settings.Telemetry.LatencyPercentiles,
            },
            settings.Telemetry);
        AssertSame(
            new StatsdOptions
            {
                Address = "a:1",
                Prefix = "p",
                Interval = TimeSpan.FromSeconds(2),
                MemoryStats = false,
                PacketSize = 3,
                ExcludeEphemeral = true,
            },
            settings.Telemetry.Statsd);
    }

    [Fact]
    public async Task Asking_for_client_certificates_asks_for_TLS_of_everybody() =>
        Assert.Equal(
            TlsRequirement.All,
            (await ProgramRun.SettingsOfAsync("--tls-cert=c --tls-key=k --tls-client-auth-policy=require")).Gateway.Tls.Required);

    [Theory]
    [InlineData("--help")]
    [InlineData("-help")]
    [InlineData("-h")]
    [InlineData("nsqd --help")]
    [InlineData("nsqlookupd --help")]
    [InlineData("--help --no-such-flag")]
    public async Task Help_lists_every_flag_and_the_other_sources(string arguments)
    {
        ProgramRun run = await ProgramRun.StartAsync(arguments.Split(' '));
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("", run.Error);
        FlagCatalogue catalogue = arguments.StartsWith("nsqd", StringComparison.Ordinal) ? FlagCatalogue.ForNsqd()
            : arguments.StartsWith("nsqlookupd", StringComparison.Ordinal) ? FlagCatalogue.ForNsqlookupd()
            : Catalogue;
        Assert.All(catalogue.Flags, flag => Assert.Contains($"--{flag.Name} <", run.Output));
        Assert.Contains("BROKER_TCP_ADDRESS", run.Output);
        Assert.Contains("--config", run.Output);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("nsqd --help")]
    [InlineData("nsqlookupd --help")]
    [InlineData("nsqadmin --help")]
    [InlineData("gateway --help")]
    public async Task Help_has_what_most_people_need_first_and_the_rest_in_groups(string arguments)
    {
        string[] lines = (await ProgramRun.StartAsync(arguments.Split(' '))).Output.Split('\n');
        string[] groups = [.. lines.Where(line => line.EndsWith(':') && !line.StartsWith(' ') && line != "Commands:").Select(line => line[..^1])];
        Assert.Equal("Common flags", groups[0]);
        Assert.True(groups.Length > 3);
        Assert.Equal(FlagGroup.Order.Where(groups.Contains), groups);
        int common = Array.FindIndex(lines, line => line == "Common flags:");
        Assert.InRange(Array.FindIndex(lines, common, line => line.Length == 0) - common, 5, 14);
    }

    [Fact]
    public async Task Help_lists_the_commands()
    {
        Assert.Contains("--role <admin|viewer>", (await ProgramRun.StartAsync(["hash-password", "--help"])).Output, StringComparison.Ordinal);
        Assert.Contains("--generate", (await ProgramRun.StartAsync(["hash-secret", "--help"])).Output, StringComparison.Ordinal);
        string help = (await ProgramRun.StartAsync(["--help"])).Output;
        Assert.All(["nsqd ", "nsqlookupd ", "nsqadmin ", "gateway "], command => Assert.Contains($"  {command}", help));
    }

    // What can only be read is a group of options of its own, or follows from the others.
    private static void AssertSame<T>(T expected, T actual) =>
        Assert.All(typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite), property =>
            Assert.Equal((property.Name, property.GetValue(expected)), (property.Name, property.GetValue(actual))));
}
