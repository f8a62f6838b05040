namespace Broker.Silo.Config;

/// <summary>A scalar of a config file.</summary>
/// <param name="Text">Its text, without quotes.</param>
/// <param name="IsInteger">Whether it is written as an integer, so that a unit may be missing.</param>
public sealed record ConfigItem(string Text, bool IsInteger);
