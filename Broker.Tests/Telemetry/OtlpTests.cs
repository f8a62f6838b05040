using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Broker.Telemetry;
using Broker.Tests.Gateway;
using Broker.Tests.Running;
using NsqSocket = Broker.Tests.Running.NsqSocket;

namespace Broker.Tests.Telemetry;

/// <summary>What a collector gets by OTLP over HTTP.</summary>
public sealed class OtlpTests : IDisposable
{
    private readonly HttpListener _collector = new();
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _requests = new();
    private readonly string _address;

    public OtlpTests()
    {
        // The listener takes no port 0.
        using System.Net.Sockets.TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        _address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        free.Stop();
        _collector.Prefixes.Add(_address + "/");
        _collector.Start();
        _ = CollectAsync();
    }

    public void Dispose() => ((IDisposable)_collector).Dispose();

    [Fact]
    public async Task Metrics_and_traces_are_sent_at_the_latest_when_the_broker_stops()
    {
        string topic = $"otlp-{Guid.NewGuid():N}";
        NsqMessage message;
        await using (RunningBroker broker = await RunningBroker.StartAsync(settings =>
        {
            settings.Telemetry.OtlpEndpoint = _address;
            settings.Telemetry.TraceSampleRate = 1;
            settings.Telemetry.Metrics = false;
        }))
        {
            NsqSocket consumer = await broker.SubscribeAsync(topic, "c", ready: 1);
            await broker.PublishAsync(topic, "one");
            message = await consumer.ExpectMessageAsync();
            await consumer.FinishAsync(message);
            await broker.UntilAsync(topic, "c", stats => stats.Finished == 1);
        }

        await Eventually.TrueAsync(() => Has("/v1/metrics", "broker.channel.published.messages"u8) && Has("/v1/traces", "finish"u8));
        foreach (string text in (string[])["broker.gateway.connections", "broker.log.append.duration", "dotnet.gc.collections", "service.name", topic])
            Assert.True(Has("/v1/metrics", Encoding.UTF8.GetBytes(text)), $"{text} was not sent");
        byte[] traceId = Convert.FromHexString(MessageTraces.TraceIdOf(topic, Convert.ToUInt64(message.Id, 16)).ToHexString());
        Assert.True(Has("/v1/traces", traceId), "the message's trace was not sent");
    }

    private bool Has(string path, ReadOnlySpan<byte> bytes)
    {
        foreach ((string to, byte[] body) in _requests)
        {
            if (to == path && body.AsSpan().IndexOf(bytes) >= 0)
                return true;
        }

        return false;
    }

    private async Task CollectAsync()
    {
        while (_collector.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _collector.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using MemoryStream body = new();
            await context.Request.InputStream.CopyToAsync(body);
            _requests.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
            context.Response.StatusCode = 200;
            context.Response.ContentType = "application/x-protobuf";
            context.Response.Close();
        }
    }
}
