namespace Broker.Silo.Config;

/// <summary>One value of a config file.</summary>
/// <param name="Key">Its key; the name of a table.</param>
/// <param name="Line">Line of the key, from 1.</param>
/// <param name="Items">The value, or each item of an array; null where it is a table, a date or has such, which no setting takes.</param>
public sealed record ConfigValue(string Key, int Line, IReadOnlyList<ConfigItem>? Items);
