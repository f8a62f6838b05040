namespace Orleans.Concurrency;

/// <summary>Calls of this method change nothing, so they may interleave with others that change nothing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReadOnlyAttribute : Attribute;
