namespace Broker.Admin;

/// <summary>A sentence about something that was done.</summary>
/// <param name="Text">The sentence.</param>
/// <param name="IsWarning">Whether it was not done everywhere.</param>
public sealed record Notice(string Text, bool IsWarning);
