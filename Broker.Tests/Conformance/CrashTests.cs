using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>What a killed process has acknowledged is there when it starts again.</summary>
public class CrashTests
{
    /// <summary>Ours: nsqd loses what it holds in memory.</summary>
    [Fact]
    public async Task Case_105_Nothing_acknowledged_is_lost_by_SIGKILL()
    {
        const int published = 100;
        const int taken = 20;
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        HashSet<string> left = [.. Enumerable.Range(0, published).Select(i => $"{i}"), "deferred"];
        await using (NsqSocket producer = await NsqSocket.OpenAsync(broker.TcpEndPoint))
        await using (NsqSocket consumer = await NsqSocket.OpenAsync(broker.TcpEndPoint))
        {
            await consumer.SubscribeAsync("t", "c", ready: taken);
            await producer.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);
            await producer.SendAsync(NsqCommand.Dpub("t", "500", "deferred"));
            await producer.ExpectOkAsync();

            // Half of what is out is finished, the rest is in flight when the process dies.
            foreach (NsqMessage message in (await consumer.ExpectMessagesAsync(taken)).Take(taken / 2))
            {
                await consumer.FinishAsync(message);
                left.Remove(message.Text);
            }

            await broker.KillAsync();
        }

        await broker.StartAsync();

        // What was finished may come again, as its FIN may not have been noted yet; everything else must.
        await using NsqSocket next = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await next.SubscribeAsync("t", "c", ready: 2500);
        while (left.Count > 0)
        {
            NsqMessage message = await next.ExpectMessageAsync();
            left.Remove(message.Text);
            await next.FinishAsync(message);
        }
    }
}
