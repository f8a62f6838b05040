namespace Broker.Gateway.Timing;

/// <summary>Something that wants to be called at a time; at most one time at once. Its links are the wheel's.</summary>
internal abstract class WheelEntry
{
    internal WheelEntry? Next;
    internal WheelEntry? Previous;
    internal long DueTick;
    internal bool IsLinked;

    /// <summary>The time has come. Runs on the wheel's timer: it must neither block nor throw.</summary>
    protected internal abstract void OnDue();
}
