using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>Changes the topic's record, one change at a time. What is saved is what holds: the fan-out cursor stands still meanwhile.</summary>
/// <param name="topic">The activation.</param>
/// <param name="turns">The turns in which the record changes.</param>
/// <param name="opening">Opens the topic.</param>
/// <param name="fanOut">Goes on when a change is over.</param>
internal sealed class RecordChanges(TopicActivation topic, RecordTurns turns, TopicOpening opening, FanOut fanOut)
{
    /// <summary>Makes a change in a turn of its own. A store that fails is the reply.</summary>
    /// <param name="change">The change; it saves by <see cref="SaveAsync"/>.</param>
    /// <param name="create">Whether a topic that is not there is made.</param>
    /// <exception cref="FencedException">The topic is open elsewhere.</exception>
    public async ValueTask<TopicReply> ChangeAsync(Func<OpenTopic, ValueTask<TopicReply>> change, bool create = false)
    {
        using IDisposable turn = await turns.NextAsync();
        try
        {
            (OpenTopic? open, TopicReply refusal) = await opening.GetAsync(create);
            return open is null ? refusal : await change(open);
        }
        catch (StoreException e) when (e is not FencedException)
        {
            return new TopicReply(TopicStatus.Failed, e.Message);
        }
    }

    /// <summary>Saves a record, and then applies what it says.</summary>
    /// <exception cref="StoreException">It may have been saved all the same: what holds is read again by the next who asks.</exception>
    public async Task SaveAsync(OpenTopic open, TopicRecord record, Action apply)
    {
        open.Frozen = true;
        try
        {
            await open.Log.SaveRecordAsync(record);
            open.Record = record;
            apply();
        }
        catch (FencedException)
        {
            topic.Leave();
            throw;
        }
        catch (StoreException)
        {
            open.Broken = true;
            throw;
        }
        finally
        {
            open.Frozen = false;
            open.Release();
            fanOut.OfferAll(open);
        }
    }
}
