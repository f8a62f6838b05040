using System.Text.Json;
using Broker.Protocol;
using Broker.Protocol.Lookup;
using Broker.Topics;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Announcing;

/// <summary>Asks the lookup services, that of this process included, which channels a new topic is to begin with (spec 2.1, 4.3).</summary>
public sealed class LookupChannels(
    IOwnLookup lookup, LookupAnnouncer announcer, TimeProvider time, ILogger<LookupChannels> logger) : IKnownChannels, IDisposable
{
    private const int MaxAnswer = 4 << 20;

    private readonly LookupQuestion _question = new(MaxAnswer);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> FindAsync(string topic)
    {
        // What this process registered of an earlier making of the topic went with it, even where word of that is still on its way.
        IReadOnlyList<string> here = lookup.ListChannelsElsewhere(topic);
        IEnumerable<string> elsewhere = announcer.Addresses.Count > 0 ? await AskAllAsync(topic) : [];
        return
        [
            .. here.Concat(elsewhere)
                .Where(channel => NsqName.IsValid(channel) && !EphemeralName.Matches(channel))
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public void Dispose() => _question.Dispose();

    private async Task<IEnumerable<string>> AskAllAsync(string topic)
    {
        using CancellationTokenSource limit = new(LookupQuestion.Limit, time);
        try
        {
            // A broker that has just started would else make topics without the channels that it could know in a moment.
            await announcer.WhenTriedAsync().WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            logger.ChannelsUnknown(topic, "lookup services", "no connection yet");
        }
        IReadOnlyList<string>[] answers = await Task.WhenAll(announcer.Services.Select(service => AskAsync(service, topic, limit.Token)));
        return answers.SelectMany(channels => channels);
    }

    private async Task<IReadOnlyList<string>> AskAsync(PeerInfo service, string topic, CancellationToken cancellation)
    {
        string url = LookupQuestion.UrlOf(service, $"/channels?topic={Uri.EscapeDataString(topic)}");
        try
        {
            byte[] answer = await _question.AskAsync(url, cancellation);
            return JsonSerializer.Deserialize(answer, AnnouncingJson.Default.KnownChannels)?.Channels ?? [];
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or UriFormatException)
        {
            logger.ChannelsUnknown(topic, url, e.Message);
            return [];
        }
    }
}
