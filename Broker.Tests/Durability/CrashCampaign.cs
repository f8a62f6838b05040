using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Broker.Tests.Running;

namespace Broker.Tests.Durability;

/// <summary>
/// Publishers and consumers that go on whatever happens to the broker's process, and a record of what was acknowledged and what was delivered
/// and finished.
/// </summary>
internal sealed class CrashCampaign(BrokerProcess broker, int seed)
{
    private static readonly string[] Topics = ["orders", "events"];
    private static readonly string[] Channels = ["billing", "audit"];

    private readonly ConcurrentDictionary<string, byte> _acknowledged = new();
    private readonly ConcurrentDictionary<string, byte> _finished = new();
    private readonly ConcurrentDictionary<(string Topic, string Id), string> _values = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private long _deliveries;
    private volatile bool _publishing = true;
    private volatile bool _consuming = true;

    /// <summary>Publishes that were answered with OK.</summary>
    public int Acknowledged => _acknowledged.Count;

    /// <summary>Messages received.</summary>
    public long Deliveries => Interlocked.Read(ref _deliveries);

    /// <summary>Makes the channels, so that all that is published belongs to each of them.</summary>
    public async Task PrepareAsync()
    {
        foreach (string topic in Topics)
        {
            foreach (string channel in Channels)
            {
                await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
                await socket.SubscribeAsync(topic, channel);
            }
        }
    }

    /// <summary>Starts all publishers and consumers; they end by <see cref="StopPublishing"/> and <see cref="StopConsuming"/>.</summary>
    public Task[] Start()
    {
        List<Task> all = [];
        for (int i = 0; i < 4; i++)
        {
            int number = i;
            all.Add(Task.Run(() => PublishAsync(number, new Random(unchecked(seed * 31 + number)))));
        }

        foreach (string topic in Topics)
        {
            foreach (string channel in Channels)
                all.Add(Task.Run(() => ConsumeAsync(topic, channel, new Random(unchecked(seed * 31 + Array.IndexOf(Topics, topic) * 2 + Array.IndexOf(Channels, channel) + 100)))));
        }

        return [.. all];
    }

    /// <summary>Waits until so many values were acknowledged.</summary>
    public async Task UntilAcknowledgedAsync(int count)
    {
        long began = Stopwatch.GetTimestamp();
        while (Acknowledged < count)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1), $"nothing is acknowledged any more: {broker.Output}");
            await Task.Delay(2);
        }
    }

    public void StopPublishing() => _publishing = false;

    public void StopConsuming() => _consuming = false;

    /// <summary>Acknowledged values that some channel has not finished.</summary>
    public List<string> Missing()
    {
        List<string> missing = [];
        foreach (string value in _acknowledged.Keys)
        {
            string topic = value[..value.IndexOf('/', StringComparison.Ordinal)];
            foreach (string channel in Channels)
            {
                if (!_finished.ContainsKey($"{channel}|{topic}|{value}"))
                    missing.Add($"{channel}:{value}");
            }
        }

        return missing;
    }

    public void AssertNoFaults() => Assert.Empty(_faults);

    private async Task PublishAsync(int number, Random random)
    {
        int next = 0;
        while (_publishing)
        {
            try
            {
                await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
                while (_publishing)
                {
                    string topic = Topics[random.Next(Topics.Length)];
                    int count = random.Next(3) == 0 ? random.Next(2, 50) : 1;
                    string[] values = [.. Enumerable.Range(0, count).Select(_ => string.Create(CultureInfo.InvariantCulture, $"{topic}/{number}/{next++}"))];
                    byte[] command = count > 1
                        ? NsqCommand.Mpub(topic, values)
                        : random.Next(5) == 0 ? NsqCommand.Dpub(topic, random.Next(0, 3000).ToString(CultureInfo.InvariantCulture), values[0]) : NsqCommand.Pub(topic, values[0]);
                    await socket.SendAsync(command);
                    await socket.ExpectOkAsync();
                    foreach (string value in values)
                        _acknowledged.TryAdd(value, 0);
                }
            }
            catch (Exception e) when (IsDisconnect(e))
            {
                await Task.Yield();
            }
        }
    }

    private async Task ConsumeAsync(string topic, string channel, Random random)
    {
        while (_consuming)
        {
            try
            {
                await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
                await socket.SubscribeAsync(topic, channel, 200);
                while (_consuming)
                {
                    NsqMessage message = await socket.ExpectMessageAsync();
                    Interlocked.Increment(ref _deliveries);
                    if (_values.GetOrAdd((topic, message.Id), message.Text) is var value && value != message.Text)
                        _faults.Enqueue($"id {message.Id} of {topic} stood for {value} and then for {message.Text}");
                    await ActAsync(socket, message, topic, channel, random);
                }
            }
            catch (Exception e) when (IsDisconnect(e))
            {
                await Task.Yield();
            }
        }
    }

    private async Task ActAsync(NsqSocket socket, NsqMessage message, string topic, string channel, Random random)
    {
        int choice = _publishing ? random.Next(20) : 0;
        switch (choice)
        {
            case 17:
                await socket.RequeueAsync(message, random.Next(2) == 0 ? 0 : random.Next(1, 2000));
                return;
            case 18:
                // Left to its timeout.
                return;
            case 19:
                await socket.TouchAsync(message);
                break;
        }

        // A FIN that does not arrive leaves a duplicate; one that does must not be needed twice.
        await socket.FinishAsync(message);
        _finished.TryAdd($"{channel}|{topic}|{message.Text}", 0);
    }

    private static bool IsDisconnect(Exception e) => e is SocketException or IOException or Xunit.Sdk.XunitException or ObjectDisposedException;
}
