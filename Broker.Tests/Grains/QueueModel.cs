using Broker.Channels;
using Broker.Policies;

namespace Broker.Tests.Grains;

/// <summary>What a channel's queue must do, as plainly as it can be said: a list of messages, each with its state.</summary>
internal sealed class QueueModel(bool ownsBodies, long window)
{
    public enum State
    {
        Ready,
        InFlight,
        Deferred,
        Dying,
        Gone,
    }

    public sealed class Message(long offset)
    {
        public long Offset { get; } = offset;
        public State State { get; set; } = State.Ready;
        public int Attempts { get; set; }
        public int Owner { get; set; } = -1;
        public long Deadline { get; set; }
        public long Delivered { get; set; }
        public long Due { get; set; }
    }

    public sealed class Member(int number, int timeout)
    {
        public int Number { get; } = number;
        public int Timeout { get; } = timeout;
        public int Ready { get; set; }
        public long Window { get; set; }
        public bool Here { get; set; } = true;
    }

    public SortedDictionary<long, Message> Messages { get; } = [];

    public Dictionary<int, Member> Members { get; } = [];

    public bool Paused { get; set; }

    public ChannelPolicy Policy { get; set; } = ChannelPolicy.None;

    public bool HasRoom => Policy.MaxInFlight is not (> 0 and int most) || Count(State.InFlight) < most;

    public bool OwnsBodies { get; } = ownsBodies;

    public long Window { get; } = window;

    public int InFlightOf(int member) => Messages.Values.Count(m => m.State == State.InFlight && m.Owner == member);

    public int Count(State state) => Messages.Values.Count(m => m.State == state);

    public long Floor(long end) => Messages.Values.Where(m => m.State != State.Gone).Select(m => m.Offset).DefaultIfEmpty(end).Min();

    public CommandFailureCause? Check(int member, long offset)
    {
        if (!Messages.TryGetValue(offset, out Message? message) || message.State != State.InFlight)
            return CommandFailureCause.NotInFlight;
        return message.Owner == member ? null : CommandFailureCause.NotOwner;
    }

    /// <summary>Where a message goes that was delivered and not finished, when its consumer asks for no delay.</summary>
    public State After(Message message)
    {
        if (Policy.MaxAttempts is > 0 and int most && message.Attempts >= most)
            return OwnsBodies || Policy.DeadLetter == ChannelPolicy.Drop ? State.Gone : State.Dying;
        return Policy.RetryDelay is null ? State.Ready : State.Deferred;
    }

    public void Expire(long now, Action<Message> tryAgain)
    {
        foreach (Message message in Messages.Values)
        {
            if (message.State == State.InFlight && message.Deadline <= now)
                tryAgain(message);
            else if (message.State == State.Deferred && message.Due <= now)
                message.State = State.Ready;
        }
    }
}
