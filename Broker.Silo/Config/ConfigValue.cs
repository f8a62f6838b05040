namespace Broker.Silo.Config;

/// <summary>One value of a config file.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Line">Line of the key, from 1.</param>
/// <param name="Items">The text of the value, or of each item of an array.</param>
public sealed record ConfigValue(string Key, int Line, IReadOnlyList<ConfigItem> Items);
