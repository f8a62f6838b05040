using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Durability;

/// <summary>
/// Publishers and consumers that go on whatever happens to the broker's process, with messages that consumers cannot handle: one channel keeps them as
/// dead letters, another one has them go to a topic.
/// </summary>
internal sealed class DeadLetterCampaign(BrokerProcess broker, int seed)
{
    private const string Topic = "orders";
    private const string Kept = "kept";
    private const string Sent = "sent";
    private const string Grave = "failed";
    private const string Poison = "poison";
    private const int MaxAttempts = 2;

    private readonly ConcurrentDictionary<string, byte> _acknowledged = new();
    private readonly ConcurrentDictionary<string, byte> _finishedByKept = new();
    private readonly ConcurrentDictionary<string, byte> _finishedBySent = new();
    private readonly ConcurrentDictionary<string, byte> _forwarded = new();

    // Messages that were seen dead, with the number of the look that saw them first.
    private readonly ConcurrentDictionary<string, int> _seenDead = new();
    private readonly ConcurrentQueue<string> _faults = new();
    private readonly ConcurrentQueue<string> _refusals = new();
    private volatile int _looks;
    private volatile bool _isCured;
    private volatile bool _publishing = true;
    private volatile bool _consuming = true;

    /// <summary>Publishes that were answered with OK.</summary>
    public int Acknowledged => _acknowledged.Count;

    /// <summary>What must never be.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Questions that were not answered at once.</summary>
    public IReadOnlyCollection<string> Refusals => _refusals;

    /// <summary>Makes the channels with their policies.</summary>
    public async Task PrepareAsync()
    {
        using HttpClient client = HttpBroker.ClientOf(broker.HttpEndPoint);
        foreach ((string topic, string channel, string policy) in new[]
        {
            (Topic, Kept, $$"""{"max_attempts":{{MaxAttempts}}}"""), (Topic, Sent, $$"""{"max_attempts":1,"dead_letter":"topic:{{Grave}}"}"""), (Grave, "all", "{}"),
        })
        {
            await PostAsync(client, $"/topic/create?topic={topic}");
            await PostAsync(client, $"/channel/create?topic={topic}&channel={channel}");
            using HttpResponseMessage answer = await client.PutAsync($"/channel/policy?topic={topic}&channel={channel}", new StringContent(policy));
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>Starts all publishers and consumers; they end by <see cref="StopPublishing"/> and <see cref="StopConsuming"/>.</summary>
    public Task[] Start() =>
    [
        .. Enumerable.Range(0, 2).Select(number => Task.Run(() => PublishAsync(number, new Random(unchecked((seed * 31) + number))))),
        Task.Run(() => ConsumeAsync(Topic, Kept, HandleKeptAsync)),
        Task.Run(() => ConsumeAsync(Topic, Sent, HandleSentAsync)),
        Task.Run(() => ConsumeAsync(Grave, "all", HandleForwardedAsync)),
    ];

    public void StopPublishing() => _publishing = false;

    public void StopConsuming() => _consuming = false;

    /// <summary>From now on consumers can handle every second of what they could not.</summary>
    public void Cure() => _isCured = true;

    /// <summary>The values of the dead letters that the channel keeps now.</summary>
    public async Task<List<string>> LookAsync()
    {
        string lines = await AskAsync($"/channel/dead/download?topic={Topic}&channel={Kept}");
        List<string> values =
            [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Encoding.UTF8.GetString(Convert.FromBase64String((string)JsonNode.Parse(line)!["body"]!)))];
        int look = _looks + 1;
        foreach (string value in values)
            _seenDead.TryAdd(value, look);
        _looks = look;
        return values;
    }

    /// <summary>Sends all dead letters back, so many a second.</summary>
    public async Task RedriveAsync(int rate)
    {
        using HttpClient client = HttpBroker.ClientOf(broker.HttpEndPoint);
        await PostAsync(client, $"/channel/redrive?topic={Topic}&channel={Kept}&rate={rate}");
    }

    /// <summary>How far that is: whether it is under way, and how many were sent since the process was started.</summary>
    public async Task<(bool IsRunning, int Sent)> RedrivenAsync()
    {
        JsonNode told = JsonNode.Parse(await AskAsync($"/channel/redrive?topic={Topic}&channel={Kept}"))!;
        return ((bool)told["running"]!, (int)told["sent"]!);
    }

    /// <summary>Acknowledged values that a channel has neither finished nor given up.</summary>
    /// <param name="dead">What one channel keeps as dead letters.</param>
    public List<string> Missing(IReadOnlyCollection<string> dead)
    {
        HashSet<string> kept = [.. dead];
        return
        [
            .. _acknowledged.Keys.Where(value => !_finishedByKept.ContainsKey(value) && !kept.Contains(value)).Select(value => $"{Kept}:{value}"),
            .. _acknowledged.Keys.Where(value => !_finishedBySent.ContainsKey(value) && !_forwarded.ContainsKey(value)).Select(value => $"{Sent}:{value}"),
        ];
    }

    /// <summary>Those of some values that the channel that keeps dead letters has finished.</summary>
    public List<string> Finished(IEnumerable<string> values) => [.. values.Where(_finishedByKept.ContainsKey)];

    // A channel that is being opened on an overloaded machine may take longer than a question waits.
    private async Task<string> AskAsync(string path)
    {
        using HttpClient client = HttpBroker.ClientOf(broker.HttpEndPoint);
        string text = "";
        await Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage answer = await client.GetAsync(path);
            text = await answer.Content.ReadAsStringAsync();
            if (!answer.IsSuccessStatusCode)
                _refusals.Enqueue($"{path}: {(int)answer.StatusCode} {text}");
            return answer.IsSuccessStatusCode;
        });
        return text;
    }

    private static async Task PostAsync(HttpClient client, string path)
    {
        using HttpResponseMessage answer = await client.PostAsync(path, null);
        answer.EnsureSuccessStatusCode();
    }

    private static bool IsPoison(string value) => value.StartsWith(Poison, StringComparison.Ordinal);

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
                    string[] values =
                    [
                        .. Enumerable.Range(0, random.Next(1, 20)).Select(
                            _ => string.Create(CultureInfo.InvariantCulture, $"{(random.Next(3) == 0 ? Poison : "good")}/{number}/{next++}")),
                    ];
                    await socket.SendAsync(NsqCommand.Mpub(Topic, values));
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

    private async Task ConsumeAsync(string topic, string channel, Func<NsqSocket, NsqMessage, int, Task> handle)
    {
        while (_consuming)
        {
            try
            {
                // What a look saw before this connection was opened, this connection must not be given.
                int looks = _looks;
                await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
                await socket.SubscribeAsync(topic, channel, 100);
                while (_consuming)
                    await handle(socket, await socket.ExpectMessageAsync(), looks);
            }
            catch (Exception e) when (IsDisconnect(e))
            {
                await Task.Yield();
            }
        }
    }

    private async Task HandleKeptAsync(NsqSocket socket, NsqMessage message, int looks)
    {
        string value = message.Text;
        if (!_isCured && _seenDead.TryGetValue(value, out int look) && look <= looks)
            _faults.Enqueue($"{value} was dead, and delivered without a redrive");
        if (message.Attempts > MaxAttempts)
            _faults.Enqueue($"{value} was delivered a {message.Attempts}. time");
        bool isCured = _isCured && int.Parse(value[(value.LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture) % 2 == 0;
        if (IsPoison(value) && !isCured)
        {
            await socket.RequeueAsync(message, 0);
            return;
        }

        await socket.FinishAsync(message);
        _finishedByKept.TryAdd(value, 0);
    }

    private async Task HandleSentAsync(NsqSocket socket, NsqMessage message, int looks)
    {
        if (IsPoison(message.Text))
        {
            await socket.RequeueAsync(message, 0);
            return;
        }

        await socket.FinishAsync(message);
        _finishedBySent.TryAdd(message.Text, 0);
    }

    private async Task HandleForwardedAsync(NsqSocket socket, NsqMessage message, int looks)
    {
        await socket.FinishAsync(message);
        _forwarded.TryAdd(message.Text, 0);
    }

    private static bool IsDisconnect(Exception e) => e is SocketException or IOException or Xunit.Sdk.XunitException or ObjectDisposedException;
}
