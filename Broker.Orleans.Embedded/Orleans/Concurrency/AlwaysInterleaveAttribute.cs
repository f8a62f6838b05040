namespace Orleans.Concurrency;

/// <summary>Calls of this method may begin while any other request waits for something.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;
