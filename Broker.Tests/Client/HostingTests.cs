using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Broker.Client;
using Broker.Tests.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using NsqMessage = Broker.Client.NsqMessage;

namespace Broker.Tests.Client;

/// <summary>Producer and consumers in a generic host, against a whole broker.</summary>
public sealed class HostingTests
{
    [Theory]
    [InlineData(ServiceLifetime.Singleton)]
    [InlineData(ServiceLifetime.Scoped)]
    public async Task A_hosts_consumer_handles_what_its_producer_publishes(ServiceLifetime lifetime)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        string topic = $"hosted-{lifetime}";
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Nsq:Producer:Addresses:0"] = broker.TcpEndPoint.ToString(),
            ["Nsq:Consumer:Addresses:0"] = broker.TcpEndPoint.ToString(),
            ["Nsq:Consumer:Topic"] = topic,
            ["Nsq:Consumer:Channel"] = "mail",
            ["Nsq:Consumer:MaxInFlight"] = "7",
            ["Nsq:Consumer:MessageTimeout"] = "00:00:20",
            ["Nsq:Consumer:Compression"] = "None",
        });
        builder.Services.AddSingleton<HandledMessages>();
        builder.Services.AddNsqProducer(builder.Configuration.GetSection("Nsq:Producer"));
        builder.Services.AddNsqConsumer<HostedHandler>(builder.Configuration.GetSection("Nsq:Consumer"), lifetime: lifetime);
        builder.Services.AddNsqConsumer<HostedHandler>(options =>
        {
            options.Topic = topic;
            options.Channel = "archive";
            options.Addresses.Add(broker.TcpEndPoint.ToString()!);
        }, lifetime);
        builder.Services.AddHealthChecks().AddNsqProducer().AddNsqConsumers();

        List<Activity> activities = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == NsqTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (activities) activities.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        long measured = 0;
        using MeterListener meter = new();
        meter.InstrumentPublished = (instrument, into) =>
        {
            if (instrument.Meter.Name == NsqTelemetry.MeterName && instrument is Counter<long>) into.EnableMeasurementEvents(instrument);
        };
        meter.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag is { Key: "messaging.destination.name" } && topic.Equals(tag.Value)) Interlocked.Add(ref measured, value);
            }
        });
        meter.Start();

        using (IHost host = builder.Build())
        {
            await host.StartAsync();
            HandledMessages handled = host.Services.GetRequiredService<HandledMessages>();
            await host.Services.GetRequiredService<INsqProducer>().PublishAsync(topic, "hello"u8.ToArray());
            Assert.Equal("hello", await handled.NextAsync());
            Assert.Equal("hello", await handled.NextAsync());

            HealthReport health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            Assert.Equal(HealthStatus.Healthy, health.Status);
            Assert.Equal(["nsq-consumers", "nsq-producer"], health.Entries.Keys.Order());
            await broker.UntilAsync(topic, "mail", stats => stats is { Finished: 1, InFlight: 0 } && stats.Consumers!.Single().Ready == 7);
            await broker.UntilAsync(topic, "archive", stats => stats is { Finished: 1, InFlight: 0 });
            Assert.Equal(lifetime == ServiceLifetime.Singleton ? 1 : 2, handled.Handlers);

            await host.StopAsync();
        }
        await broker.UntilAsync(topic, "mail", stats => stats.ConsumerCount == 0);

        lock (activities)
        {
            Assert.Equal(
                [$"process {topic}", $"process {topic}", $"send {topic}"],
                activities.Select(activity => activity.OperationName).Where(name => name.EndsWith(topic, StringComparison.Ordinal)).Order());
        }
        Assert.Equal(3, Interlocked.Read(ref measured));
    }

    [Fact]
    public async Task Health_checks_tell_that_no_server_is_there()
    {
        string nobody = ScriptedServer.DeadAddress();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<HandledMessages>();
        builder.Services.AddNsqProducer(options =>
        {
            options.Addresses.Add(nobody);
            options.PublishTimeout = TimeSpan.FromMilliseconds(200);
        });
        builder.Services.AddNsqConsumer<HostedHandler>(options =>
        {
            options.Topic = "orders";
            options.Channel = "mail";
            options.Addresses.Add(nobody);
        });
        builder.Services.AddHealthChecks().AddNsqProducer().AddNsqConsumers(failureStatus: HealthStatus.Degraded);
        using IHost host = builder.Build();
        await host.StartAsync();
        HealthReport health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, health.Entries["nsq-producer"].Status);
        Assert.Contains(nobody, health.Entries["nsq-producer"].Description);
        Assert.Equal(HealthStatus.Degraded, health.Entries["nsq-consumers"].Status);
        Assert.Contains("orders/mail", health.Entries["nsq-consumers"].Description);
        await host.StopAsync();
    }

    [Fact]
    public void A_second_producer_is_refused()
    {
        ServiceCollection services = new();
        services.AddNsqProducer(options => options.Addresses.Add("localhost:4150"));
        Assert.Throws<InvalidOperationException>(() => services.AddNsqProducer(options => options.Addresses.Add("localhost:4150")));
    }

    [Fact]
    public async Task All_options_can_come_from_configuration()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Addresses:0"] = "a:1",
            ["LookupAddresses:0"] = "b:2",
            ["LookupAddresses:1"] = "http://c:3/lookup",
            ["Topic"] = "orders",
            ["Channel"] = "mail",
            ["Compression"] = "Deflate",
            ["BackoffStrategy"] = "FullJitter",
            ["HeartbeatInterval"] = "00:00:10",
            ["LookupJitter"] = "0.5",
            ["OutputBufferSize"] = "4096",
            ["Tls:ServerName"] = "nsqd.test",
            ["Tls:AllowPlaintext"] = "true",
        }).Build();
        ServiceCollection services = new();
        services.AddNsqConsumer<HostedHandler>(configuration, options => Check(options));
        services.AddSingleton<HandledMessages>();
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Single(provider.GetServices<IHostedService>());

        static void Check(NsqConsumerOptions options)
        {
            Assert.Equal(["a:1"], options.Addresses);
            Assert.Equal(["b:2", "http://c:3/lookup"], options.LookupAddresses);
            Assert.Equal(NsqCompression.Deflate, options.Compression);
            Assert.Equal(NsqBackoffStrategy.FullJitter, options.BackoffStrategy);
            Assert.Equal(TimeSpan.FromSeconds(10), options.HeartbeatInterval);
            Assert.Equal(0.5, options.LookupJitter);
            Assert.Equal(4096, options.OutputBufferSize);
            Assert.Equal("nsqd.test", options.Tls?.ServerName);
            Assert.True(options.Tls?.AllowPlaintext);
        }
    }

    internal sealed class HandledMessages
    {
        private readonly System.Threading.Channels.Channel<string> _bodies = System.Threading.Channels.Channel.CreateUnbounded<string>();
        private int _handlers;

        public int Handlers => Volatile.Read(ref _handlers);

        public void Count() => Interlocked.Increment(ref _handlers);

        public ValueTask AddAsync(string body) => _bodies.Writer.WriteAsync(body);

        public Task<string> NextAsync() => _bodies.Reader.ReadAsync().AsTask().WaitAsync(NsqSocket.Patience);
    }

    internal sealed class HostedHandler : INsqMessageHandler
    {
        private readonly HandledMessages _handled;

        public HostedHandler(HandledMessages handled)
        {
            _handled = handled;
            handled.Count();
        }

        public ValueTask HandleAsync(NsqMessage message, CancellationToken cancellation) =>
            _handled.AddAsync(Encoding.UTF8.GetString(message.Body.Span));
    }
}
