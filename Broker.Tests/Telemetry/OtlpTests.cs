using System.Text;
using Broker.Telemetry;
using Broker.Tests.Running;

namespace Broker.Tests.Telemetry;

/// <summary>What a collector gets by OTLP over HTTP.</summary>
public class OtlpTests
{
    [Fact]
    public async Task Metrics_and_traces_are_sent_at_the_latest_when_the_broker_stops()
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync();

        // A process of its own: what else this one measures by the same names would be sent along.
        await using BrokerProcess broker = await BrokerProcess.StartAsync(
            $"--otlp-endpoint={collector.Address}", "--trace-sample-rate=1", "--metrics=false");
        NsqMessage message;
        await using (NsqSocket consumer = await NsqSocket.OpenAsync(broker.TcpEndPoint))
        {
            await consumer.SubscribeAsync("otlp", "c", ready: 1);
            await consumer.PublishAsync("otlp", "one");
            message = await consumer.ExpectMessageAsync("one");
            await consumer.FinishAsync(message);
            await consumer.SendLineAsync("CLS");
            await consumer.ExpectResponseAsync("CLOSE_WAIT");
        }

        Assert.Equal(0, await broker.TerminateAsync());

        foreach (string text in (string[])["broker.channel.published.messages", "broker.gateway.connections", "broker.log.append.duration", "dotnet.gc.collections", "service.name", "otlp"])
            Assert.True(collector.Has("/v1/metrics", Encoding.UTF8.GetBytes(text)), $"{text} was not sent: {collector}{broker.Output}");
        Assert.True(collector.Has("/v1/traces", "finish"u8), $"no finish was sent: {collector}{broker.Output}");
        Assert.True(collector.Has("/v1/traces", "Microsoft.Orleans.Application"u8), $"no call of a grain was sent: {collector}{broker.Output}");
        byte[] traceId = Convert.FromHexString(MessageTraces.TraceIdOf("otlp", Convert.ToUInt64(message.Id, 16)).ToHexString());
        Assert.True(collector.Has("/v1/traces", traceId), "the message's trace was not sent");
    }
}
